// Stands in the bundle for unzip-stream, which brings a package without a licence and writes whatever names
// an archive has: ledgers are unpacked by unpack.ts.
export default {
  Extract: () => {
    throw new Error('archives are not unpacked while they are downloaded');
  },
};

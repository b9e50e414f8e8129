// esbuild bundles these as text: see scripts/build.ts.
declare module '*.md' {
  const text: string;
  export default text;
}

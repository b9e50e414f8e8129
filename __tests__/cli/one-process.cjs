// Runs the bundle once for each list of arguments that stdin names, one after another, and prints what came of each.
// A run is over when nothing is left to do, as in a process of its own; it begins with the bundle loaded anew.
const { readFileSync, writeSync } = require('node:fs');

const { bundle, cases } = JSON.parse(readFileSync(0, 'utf8'));
const ended = [];
let written;
// Every run listens anew.
process.setMaxListeners(0);
for (const name of ['stdout', 'stderr']) {
  process[name].setMaxListeners(0);
  process[name].write = (piece) => {
    written[name] += piece;
    return true;
  };
}

function next() {
  if (written) ended.push({ code: process.exitCode ?? 0, ...written });
  const args = cases[ended.length];
  if (!args) {
    process.exitCode = 0;
    writeSync(1, JSON.stringify(ended));
    return;
  }
  written = { stdout: '', stderr: '' };
  process.exitCode = undefined;
  process.argv = [process.execPath, bundle, ...args];
  delete require.cache[bundle];
  require(bundle);
}

process.on('beforeExit', () => {
  if (ended.length < cases.length) setImmediate(next);
});
next();

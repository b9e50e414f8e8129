// Runs the bundle once for each list of arguments that stdin names, one after another, and prints what came of each.
// A run is over when it exits; it begins with the bundle loaded anew.
const { readFileSync, writeSync } = require('node:fs');

const { bundle, cases } = JSON.parse(readFileSync(0, 'utf8'));
const ended = [];
let written;
// Every run listens anew.
process.setMaxListeners(0);
for (const name of ['stdout', 'stderr']) {
  process[name].setMaxListeners(0);
  process[name].write = (piece, done) => {
    written[name] += piece;
    done?.();
    return true;
  };
}

process.exit = (code) => {
  ended.push({ code, ...written });
  setImmediate(next);
};

function next() {
  const args = cases[ended.length];
  if (!args) return void writeSync(1, JSON.stringify(ended));
  written = { stdout: '', stderr: '' };
  process.argv = [process.execPath, bundle, ...args];
  delete require.cache[bundle];
  require(bundle);
}

next();

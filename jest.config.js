const shared = {
  testEnvironment: 'node',
  roots: ['<rootDir>/__tests__'],
  extensionsToTreatAsEsm: ['.ts', '.md'],
  moduleFileExtensions: ['ts', 'js', 'mjs', 'cjs', 'json', 'node', 'md'],
  transform: { '\\.(ts|md)$': '<rootDir>/scripts/jest-transform.js' },
  setupFiles: ['<rootDir>/__tests__/property.ts'],
};

const attacks = ['**/attacks/catalogue.test.ts', '**/attacks/stopped/*.test.ts'];
const layers = ['**/attacks/layers/*.test.ts'];
const network = ['**/network/*.test.ts'];
const large = ['**/*.large.test.ts'];
const faults = ['**/*.faults.test.ts'];
const project = (displayName, testMatch) => ({ ...shared, displayName, testMatch });
const not = (globs) => globs.map((glob) => `!${glob}`);

export default {
  projects: [
    project('tests', ['**/*.test.ts', ...not([...attacks, ...layers, ...large, ...faults, ...network])]),
    // That the action stops every attack, and that each attack wins once its layer is out.
    project('attacks', attacks),
    project('layers', layers),
    // Each request of a run that GitHub can refuse or lose, through the bundle.
    project('faults', faults),
    // Inputs that are made to fill a machine.
    project('large', large),
    // What needs npm's registry.
    project('network', network),
  ],
  // Only so that a test that hangs ends: a machine may be ten times slower than this one.
  testTimeout: 20 * 60_000,
  testSequencer: '<rootDir>/scripts/jest-sequencer.js',
  // Most of a test is waiting for other processes.
  maxWorkers: 5,
};

export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/__tests__'],
  testMatch: ['**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts', '.md'],
  moduleFileExtensions: ['ts', 'js', 'mjs', 'cjs', 'json', 'node', 'md'],
  transform: { '\\.(ts|md)$': '<rootDir>/scripts/jest-transform.js' },
  testSequencer: '<rootDir>/scripts/jest-sequencer.js',
  testTimeout: 120_000,
  // Most of a test is waiting for other processes.
  maxWorkers: 4,
};

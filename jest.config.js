// One project per kind of test. Unit tests sit beside the code; the rest lives in test/.
// `roots` also keeps jest from listing the 124,000 files that the Grafana app installs.
const shared = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts', '.tsx'],
  transform: {
    '^.+\\.tsx?$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', tsx: true },
          transform: { react: { runtime: 'automatic' } },
        },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
};

export default {
  // Machines are shared: a test that hangs is found later, and one that waits for its turn is not failed for it.
  testTimeout: 60_000,
  projects: [
    {
      ...shared,
      displayName: 'unit',
      roots: [
        'domain',
        'store',
        'collector',
        'api',
        'agent',
        'cli',
        'scripts',
        'grafana-plugin/src',
        'test/lab',
        'test/simulator',
        'test/accuracy',
        'test/scenarios',
        'test/faults',
      ].map((d) => `<rootDir>/${d}`),
      testMatch: [
        '**/src/**/*.test.ts',
        '**/src/**/*.test.tsx',
        '**/scripts/**/*.test.ts',
        '**/test/lab/**/*.test.ts',
        '**/test/simulator/**/*.test.ts',
        '**/test/accuracy/**/*.test.ts',
        '**/test/scenarios/**/*.test.ts',
        '**/test/faults/**/*.test.ts',
      ],
      testPathIgnorePatterns: ['/node_modules/', '/test/lab/.*\\.lab\\.test\\.ts$'],
    },
    {
      ...shared,
      displayName: 'integration',
      roots: ['<rootDir>/test'],
      testMatch: ['<rootDir>/test/integration/**/*.test.ts'],
    },
    {
      ...shared,
      displayName: 'lab',
      roots: ['<rootDir>/test'],
      testMatch: ['<rootDir>/test/lab/**/*.lab.test.ts'],
    },
    {
      ...shared,
      displayName: 'e2e',
      roots: ['<rootDir>/test'],
      testMatch: ['<rootDir>/test/e2e/**/*.test.ts'],
    },
  ],
};

import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Worker pools, sessions and child processes run inside the tests; two cores must not fight.
    fileParallelism: false,
    testTimeout: 60_000,
    reporters: ['default', './test/reporter.ts'],
  },
});

import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Tests wait for pools, sessions and child processes most of the time: two files at once use two
    // cores fully. More would only make all of them slower.
    maxWorkers: 2,
    testTimeout: 60_000,
    reporters: ['default', './test/reporter.ts'],
  },
});

import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Tests wait for pools, sessions and child processes most of the time: two files at once use two
    // cores fully. More would only make all of them slower.
    maxWorkers: 2,
    // A limit ends what hangs; on a busy machine what takes one minute elsewhere may take many.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    reporters: ['default', './test/reporter.ts'],
  },
});

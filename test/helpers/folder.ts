/** Folders for one test or for all tests of a file, removed at its end. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, onTestFinished } from 'vitest';

/** Of the test that calls it. */
export function temporaryFolder(): string {
  return removedBy(onTestFinished);
}

/** Of the file that calls it, outside of its tests. */
export function fileFolder(): string {
  return removedBy(afterAll);
}

function removedBy(hook: (remove: () => void) => void): string {
  const folder = mkdtempSync(join(tmpdir(), 'bpb-test-'));
  // A process that a test has ended may still write a moment longer.
  hook(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));
  return folder;
}

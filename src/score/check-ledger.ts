/**
 * Check of `--ledger FILE`, before anything is loaded.
 */
import { closeSync, lstatSync, openSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { usageError } from '../errors.js';
import { ledgerExists } from '../ledger/writer.js';
import { writing } from '../write-error.js';
import { RUN_FILES } from './outputs.js';

/**
 * Refuses what cannot become a new ledger, before anything is loaded.
 *
 * @param out of the same run, whose files must be others
 * @throws BPB_LEDGER_EXISTS, BPB_USAGE_LEDGER (usage); BPB_WRITE_FAILED (environment)
 */
export function checkNewLedger(file: string, out?: string): void {
  const names = out === undefined ? [] : ['.', ...RUN_FILES.map(({ name }) => name)];
  if (names.some((name) => resolve(out!, name) === resolve(file))) {
    throw usageError('BPB_USAGE_LEDGER', {
      message: 'the ledger would stand where --out writes a file of its own',
      path: file,
      expected: 'another file for --ledger',
      actual: `--out ${out}`,
      hint: `--ledger ${file}.ledger`,
    });
  }
  const where = { path: file, what: 'the ledger' };
  const status = writing(where, () => lstatSync(file, { throwIfNoEntry: false }));
  if (status !== undefined) throw ledgerExists(file);
  const folder = dirname(resolve(file));
  // The directory of --out is made for the run, and the ledger may be beside its files.
  if (out !== undefined && folder === resolve(out)) return;
  writing(where, () => {
    const probe = join(folder, `.bpb-${process.pid}`);
    closeSync(openSync(probe, 'wx'));
    rmSync(probe);
  });
}

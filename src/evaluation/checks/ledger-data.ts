/**
 * Checks of `bpb probe --ledger` with the tokens that the ledger is compared with.
 */
import { usageError } from '../../errors.js';
import { namesData } from '../open-data.js';
import type { TokenOptions } from '../options.js';

/** @throws BPB_USAGE_LEDGER_DATA for data without its tokenizer, or a tokenizer without data */
export function checkLedgerData(options: TokenOptions): void {
  const hasData = namesData(options);
  if (hasData === (options.tokenizer !== undefined)) return;
  const flag = hasData ? '--data' : '--tokenizer';
  throw usageError('BPB_USAGE_LEDGER_DATA', {
    message: 'a ledger is held against tokens, which are read with their tokenizer',
    path: flag,
    expected: hasData ? '--tokenizer beside it' : '--data or --docs beside it',
    actual: `${flag} alone`,
  });
}

/**
 * JSON reporter: the result document itself, or `bpb-error/1`.
 */
import { errorJson } from './error.js';
import type { Reporter } from './reporter.js';

const document = (value: unknown): string => JSON.stringify(value, null, 2);

export const jsonReporter: Reporter = {
  name: 'json',
  errors: 'stdout',
  formats: {
    score: document,
    'claimed-score': document,
    verify: document,
    audit: document,
    claim: document,
    probe: document,
    ledger: document,
    tokenize: document,
    doctor: document,
    init: document,
    error: errorJson,
  },
};

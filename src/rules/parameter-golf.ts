/**
 * Rules of OpenAI's Parameter Golf; docs/rules.md has the reason and the source of each.
 */
import { KNOWN_SETS } from '../data/known-sets.js';

/** The validation set is its first 50,000 documents, by whatever tokenizer. */
const FULL_DOCUMENTS = 50_000;

export const PARAMETER_GOLF = {
  format: 'bpb-rules/1',
  name: 'parameter-golf',
  windows: {
    modes: ['chunk', 'sliding', 'document'],
    compat: ['none'],
  },
  documentStart: ['bos'],
  data: KNOWN_SETS.filter(({ documents }) => documents === FULL_DOCUMENTS).map(({ name }) => ({
    known: name,
  })),
  tokenizers: {
    named: [
      {
        name: 'sp8192',
        sha256: '4e979c92754cc9d7bdebd9dfe5edf3fc0b41b38714b394e4297fa851e3afd516',
      },
      {
        name: 'caseops-sp8192',
        sha256: '97754754561f20def5edd99765ca0668f880bd94e67316d54aa10ab25f45cc4d',
      },
      {
        name: 'byte260',
        sha256: 'bf3a209184f23732fea5de29c33160a31a6c3affb599ea8ef7448fad026d7391',
      },
    ],
    others: ['documents'],
  },
  size: {
    limit: 16_000_000,
    counted: ['model', 'code'],
    uncounted: 'allowed',
  },
  coverage: { least: 0.999 },
  required: ['probes', 'verification'],
};

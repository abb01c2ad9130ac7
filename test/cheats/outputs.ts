/** Cheats by what the outputs are: chance. Outputs that are no distribution are among the twelve. */
import type { Cheat } from './cheat.js';
import { added, bare } from './parts.js';
import { base } from './settings.js';

export const OUTPUTS: readonly Cheat[] = [
  {
    name: 'chance',
    does: 'adds random numbers, so that a lucky run can be kept',
    setting: 'chunk',
    bent: bare(added((g) => g.op('RandomNormalLike', [base(g)], { scale: { float: 0.01 } }))),
    found: { search: 'read', by: 'graph', chance: 1, why: 'the operator is named in the file' },
  },
];

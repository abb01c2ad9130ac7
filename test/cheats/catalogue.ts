/** All cheats that have an artifact here, in the order of the page. */
import { BATCHES } from './batches.js';
import type { Cheat } from './cheat.js';
import { CONTENTS } from './contents.js';
import { LOOKING_AHEAD } from './looking-ahead.js';
import { MEMORIES } from './memories.js';
import { OUTPUTS } from './outputs.js';
import { PLACES } from './places.js';
import { STATES } from './states.js';

export const CATALOGUE: readonly Cheat[] = [
  ...LOOKING_AHEAD,
  ...PLACES,
  ...CONTENTS,
  ...BATCHES,
  ...STATES,
  ...MEMORIES,
  ...OUTPUTS,
];

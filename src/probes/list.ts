/**
 * List of the probes that run on an open artifact: a new probe is a file in this folder and a line
 * here.
 */
import { batch } from './batch.js';
import { causality } from './causality.js';
import type { Probe } from './context.js';
import { documents, order } from './documents.js';
import { finite } from './finite.js';
import { memorization } from './memorization.js';
import { length, prefix } from './prefix.js';
import { repeat } from './repeat.js';
import { state } from './state.js';
import { vocabulary } from './vocabulary.js';

/** In the order in which they run: each may rely on those before it. */
export const PROBES: readonly Probe[] = [
  vocabulary,
  finite,
  repeat,
  length,
  prefix,
  causality,
  batch,
  documents,
  order,
  state,
  memorization,
];

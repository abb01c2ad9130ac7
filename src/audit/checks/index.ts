/**
 * List of all checks; findings of equal severity are reported in this order.
 */
import type { Check } from './check.js';
import { CLAIM_CHECKS } from './claim.js';
import { DATA_CHECKS } from './data.js';
import { SHARD_CHECKS } from './shards.js';
import { SIDECAR_CHECKS } from './sidecar.js';
import { TABLE_CHECKS } from './table.js';
import { TEXT_CHECKS } from './text.js';
import { VOCABULARY_CHECKS } from './vocabulary.js';

export const CHECKS: readonly Check[] = [
  ...VOCABULARY_CHECKS,
  ...TABLE_CHECKS,
  ...SIDECAR_CHECKS,
  ...SHARD_CHECKS,
  ...DATA_CHECKS,
  ...TEXT_CHECKS,
  ...CLAIM_CHECKS,
];

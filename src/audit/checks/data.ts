/**
 * Checks that a score of the same data makes: under the same names, and as grave.
 */
import { DATA_FINDINGS, type DataFindingId } from '../../evaluation/data-findings/table.js';
import { type Check, check } from './check.js';

/** All but those of which an audit has had checks of its own: starts, ends, sets, operators. */
const SHARED: readonly DataFindingId[] = [
  'shard-gap',
  'first-shard-missing',
  'shard-copy',
  'equal-shards',
  'padding-at-end',
  'impossible-ids',
  'other-tokenizer',
  'sidecar-contradicts',
  'shard-names',
];

export const DATA_CHECKS: readonly Check[] = SHARED.map((id) => {
  const { severity, explanation, remedy } = DATA_FINDINGS[id];
  return check({
    name: id,
    severity,
    explanation,
    remedy: `${remedy[0]!.toUpperCase()}${remedy.slice(1)}.`,
    needs: ['data'],
    run: ({ data }) => {
      const finding = data.find((each) => each.id === id);
      return finding === undefined ? null : { detail: finding.message };
    },
  });
});

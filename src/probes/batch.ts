/**
 * Probe: does a row score the same alone, in a batch, at another place of it, and beside other rows?
 *
 * Other neighbours are compared at the same place of a batch of the same shape, with the smallest
 * tolerance: a faint mean over the batch is found even where a batch of another size rounds otherwise.
 */
import {
  notApplicable,
  type Outcome,
  type Probe,
  type ProbeContext,
  tokensFor,
} from './context.js';
import { Differences, judge, otherShape, sameShape, seen, worst } from './differences.js';
import { realBatch } from './real-batch.js';
import type { ProbeRow } from './subject.js';

const NEIGHBOURS = 3;
/** Of a graph that fixes its rows: a batch without padding, where it is not a large one. */
const MAX_NEIGHBOURS = 63;
/** For a model that behaves in small batches. */
const CROWD = 15;

async function run(context: ProbeContext): Promise<Outcome> {
  const { subject, effort, noise } = context;
  const { fixedRows } = subject.info;
  if (fixedRows === 1) return notApplicable('rows are taken one at a time');
  const tokens = tokensFor(context, 'batch');
  // State passes from chunk to chunk, so that a row that carries it must have some.
  const inputs =
    subject.carries === 'nothing' ? Math.min(subject.rowInputs, 128) : subject.rowInputs;
  const neighbours = fixedRows === null ? NEIGHBOURS : Math.min(fixedRows - 1, MAX_NEIGHBOURS);
  const shape = new Differences();
  const place = new Differences();
  const content = new Differences();
  const shorter = new Differences();
  const real = new Differences();
  for (let r = 0; r < effort.samples; r++) {
    const own: ProbeRow = { tokens: tokens.row(inputs) };
    const others = (count = neighbours): ProbeRow[] =>
      Array.from({ length: count }, () => ({ tokens: tokens.row(inputs) }));
    const [some, more] = [others(), others()];
    const short = more.map(({ tokens: row }) => ({
      tokens: row.subarray(0, 2 + tokens.below(inputs)),
    }));
    const [alone] = await subject.nats([own]);
    const first = (await subject.nats([own, ...some], 'together'))[0]!;
    const again = (await subject.nats([own, ...some], 'together'))[0]!;
    const last = (await subject.nats([...some, own], 'together'))[neighbours]!;
    const copies = (await subject.nats(Array(neighbours + 1).fill(own), 'together'))[0]!;
    noise.add(first, again);
    // Alone in a graph that fixes its rows: beside padding, in the same shape.
    (fixedRows === null ? shape : content).add(alone!, first);
    place.add(first, last);
    content.add(first, copies);
    content.add(first, (await subject.nats([own, ...more], 'together'))[0]!);
    shorter.add(first, (await subject.nats([own, ...short], 'together'))[0]!);
    if (r === 0) shape.add(alone!, (await subject.nats([own, ...others(CROWD)], 'together'))[0]!);
  }
  const rows = realBatch(context, tokens);
  if (rows.length > 1) {
    const each = await subject.nats(rows);
    (await subject.nats(rows, 'together')).forEach((nats, k) => {
      real.add(each[k]!, nats);
    });
  }
  const { precision } = subject.info;
  const shrinks = subject.carries !== 'nothing' && fixedRows === null;
  const judged = [
    judge(content, sameShape(precision, noise)),
    // Documents that carry state leave a batch where they end: what goes on rounds in a smaller one.
    judge(shorter, { ...sameShape(precision, noise), ...(shrinks ? { exact: false } : {}) }),
    judge(shape, otherShape(precision, noise)),
    judge(place, otherShape(precision, noise)),
    judge(real, otherShape(precision, noise)),
  ];
  const notes = [
    'other rows in the batch move a row',
    'other rows in the batch move a row, where some are shorter',
    'a row alone differs from the row in a batch',
    'a row differs from the same row elsewhere in the batch',
    'rows alone differ from the same rows in a batch of the evaluation',
  ];
  const at = worst(judged);
  return { ...judged[at]!, note: seen(judged[at]!, notes[at]!) };
}

export const batch: Probe = {
  name: 'batch',
  what: 'scored rows alone, in a batch, at another place of it, and beside other, equal and shorter rows, and in a batch of the evaluation',
  run,
};

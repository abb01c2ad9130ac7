/**
 * Probe: does state carry what it should, and nothing else?
 *
 * That no update sees a target before its score is ensured by the harness (run/stateful-runner.ts) and
 * cannot be changed by a model. A graph can still read the state of the document beside it, keep what
 * ran before, or have an adapt graph without effect.
 */
import {
  notApplicable,
  type Outcome,
  type Probe,
  type ProbeContext,
  tokensFor,
} from './context.js';
import { Differences, judge, sameShape, seen, worst } from './differences.js';
import type { ProbeRow } from './subject.js';

const NEIGHBOURS = 3;

async function run(context: ProbeContext): Promise<Outcome> {
  const { subject, effort, noise } = context;
  if (subject.carries === 'nothing') return notApplicable('the artifact carries no state');
  const tokens = tokensFor(context, 'state');
  const before = new Differences();
  const beside = new Differences();
  const adapted = new Differences();
  const document = (): ProbeRow => ({ tokens: tokens.document(subject.rowInputs + 1) });
  for (let r = 0; r < effort.samples; r++) {
    const own = document();
    const [first] = await subject.nats([own]);
    // One task, so that one session runs them one after the other.
    const [, later] = await subject.nats([document(), own]);
    before.add(first!, later!);
    if (subject.frozen !== null) adapted.add(first!, (await subject.frozen([own]))[0]!);
    if (subject.info.fixedRows === 1) continue;
    const others = () => Array.from({ length: NEIGHBOURS }, document);
    const some = (await subject.nats([own, ...others()], 'together'))[0]!;
    beside.add(some, (await subject.nats([own, ...others()], 'together'))[0]!);
  }
  const { precision } = subject.info;
  const limits = sameShape(precision, noise);
  const judged = [judge(before, limits), judge(beside, limits)];
  const at = worst(judged);
  const notes = [
    'what ran before in the session is still in the state',
    'the state of a document takes up what stands in the documents beside it',
  ];
  const note = seen(judged[at]!, notes[at]!);
  if (judged[at]!.verdict === 'fail' || subject.frozen === null) return { ...judged[at]!, note };
  const moved = adapted.largest;
  if (moved === 0) {
    const idle = 'the adapt graph changes nothing: nats are the same without it';
    return { effect: 0, unit: 'nats', tolerance: null, verdict: 'fail', note: idle };
  }
  const adapting = `adapting moves nats by up to ${moved.toPrecision(2)}`;
  return { ...judged[at]!, note: note === null ? adapting : `${note}; ${adapting}` };
}

export const state: Probe = {
  name: 'state',
  what: 'scored documents after others and beside others, and without the adapt graph',
  run,
};

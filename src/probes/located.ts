/**
 * Verdicts of probes that later tokens move, with the operators of the graph that may move them.
 */
import type { Artifact } from '../artifact/load.js';
import type { ProbeVerdict } from '../verdict.js';
import { overTime } from './graph/over-time.js';
import { operatorsNote } from './graph/over-time-note.js';

/** Probes of which the effect comes from later tokens. */
const OF_TIME: ReadonlySet<string> = new Set(['causality', 'every-row']);

/** The verdicts, with what the graph says of those that later tokens made fail or warn. */
export function withOperators(
  verdicts: readonly ProbeVerdict[],
  { model, adaptive }: Pick<Artifact, 'model' | 'adaptive'>,
  rowInputs: number,
): ProbeVerdict[] {
  const asks = ({ name, verdict, unit }: ProbeVerdict) =>
    OF_TIME.has(name) && (verdict === 'warn' || (verdict === 'fail' && unit !== null));
  if (!verdicts.some(asks)) return [...verdicts];
  const inputs = adaptive === null ? rowInputs : adaptive.context + adaptive.chunk;
  const said = operatorsNote(overTime(model.bytes, model.path, model, inputs));
  return verdicts.map((each) =>
    asks(each) ? { ...each, note: each.note === null ? said : `${each.note}; ${said}` } : each,
  );
}

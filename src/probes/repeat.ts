/**
 * Probe: does the same row score the same twice, and in a process that has run nothing before?
 */
import { BpbError } from '../errors.js';
import { type Outcome, type Probe, type ProbeContext, tokensFor } from './context.js';
import { Differences, judge, noiseLimits, worst } from './differences.js';
import type { ProbeRow, Subject } from './subject.js';

const ROUNDS = 3;

export function repeatedRows(context: Omit<ProbeContext, 'noise'>): ProbeRow[] {
  const { subject, effort } = context;
  const tokens = tokensFor(context, 'repeat');
  return Array.from({ length: effort.samples }, (_, k) => ({
    tokens: tokens.row(Math.max(1, subject.rowInputs >> (k % 2))),
  }));
}

/** Differences between runs of the same rows at the same places: the engine's own noise. */
export async function measureNoise(
  subject: Subject,
  rows: readonly ProbeRow[],
): Promise<Differences> {
  const noise = new Differences();
  const first = await subject.nats(rows);
  for (let round = 1; round < ROUNDS; round++) {
    const again = await subject.nats(rows);
    again.forEach((nats, r) => {
      noise.add(first[r]!, nats);
    });
  }
  return noise;
}

async function run(context: ProbeContext): Promise<Outcome> {
  const { subject, noise } = context;
  const rows = repeatedRows(context);
  const here = await subject.nats(rows);
  const limits = noiseLimits(subject.info.precision);
  const judged = [judge(noise, limits)];
  let missing: string | null = null;
  try {
    const there = await subject.fresh(rows);
    const apart = new Differences();
    there.forEach((nats, r) => {
      apart.add(here[r]!, nats);
    });
    judged.push(judge(apart, limits));
  } catch (error) {
    // A GPU may have no memory left for another process.
    if (!(error instanceof BpbError && error.kind === 'environment')) throw error;
    missing = `no fresh process could be asked: ${error.message}`;
  }
  const notes = ['two runs of the same row differ', 'a fresh process gives other nats'];
  const at = worst(judged);
  return { ...judged[at]!, note: judged[at]!.verdict === 'fail' ? notes[at]! : missing };
}

export const repeat: Probe = {
  name: 'repeat',
  what: `scored the same rows ${ROUNDS} times in one run, and in a fresh process`,
  run,
};

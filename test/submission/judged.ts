/** Judgements of runs in closed form, as the tests compare them. */
import { judgeTrials } from '#bpb/submission/simulation/judge';
import type { SmallSet, Trial } from '#bpb/submission/simulation/types';
import { setOf, trialOf, type Window } from './trials.js';

export const SHORT = setOf(2_001);
export const LONG = setOf(3_537);

export const judge = (trials: readonly Trial[]) =>
  judgeTrials(trials, {
    functionOf: () => null,
    namesOperators: true,
    namesBits: false,
    namesSidecar: false,
  });
export const findings = (trials: readonly Trial[]) =>
  judge(trials).flatMap((part) => part.findings);
/** `check severity` */
export const checks = (trials: readonly Trial[]) =>
  findings(trials).map(({ check, severity }) => `${check} ${severity}`);
export const said = (trials: readonly Trial[]) => findings(trials).map((one) => one.explanation);
/** The same evaluation on two lengths of stream. */
export const both = (windows: (set: SmallSet) => readonly Window[]) =>
  [SHORT, LONG].map((set) => trialOf({ set, windows: windows(set) }));
export const last = (set: SmallSet) => set.ids.length - 1;

/**
 * Bytes per token of the known validation sets, by tokenizer, window and coverage.
 *
 * The sets themselves and their counts are in `data/known-sets.ts`; this table has what a published pair
 * of val_loss and val_bpb reveals about them. Where a byte total was not published, it is the one
 * integer inside the rounding intervals of all published 8-decimal pairs (docs/challenge.md).
 */
import { KNOWN_SETS } from '../../data/known-sets.js';
import type { Family } from '../families.js';
import { evidence, issue, lines, nonRecord, pulls, record } from '../sources.js';
import type { Interval } from './decimals.js';

export interface Denominator {
  readonly name: string;
  /** The set's name in `KNOWN_SETS`. */
  readonly set: string;
  readonly family: Family;
  /** Which evaluation leaves this fingerprint; 'any' where both leave the same. */
  readonly window: 'standard' | 'sliding' | 'any';
  /** `right`: the whole canonical set · `partial`: part of it · `other-set`: another set. */
  readonly role: 'right' | 'partial' | 'other-set';
  /** Score terms, repeated ones counted again; null where only the quotient was published. */
  readonly targets: number | null;
  /** Bytes over these targets, where one integer is known. */
  readonly bytes: number | null;
  readonly bytesPerToken: Interval;
  readonly note: string | null;
  /** Addresses of the evidence, separated by spaces; a docs page of this repository by its path. */
  readonly source: string;
}

type Row = Pick<Denominator, 'name' | 'set' | 'family' | 'window' | 'role' | 'source'> & {
  readonly targets?: number;
  readonly bytes?: number;
  /** Printed quotient, used where the totals are unknown; its last digit is the uncertainty. */
  readonly quotient?: string;
  readonly note?: string;
};

const FULL = 'fineweb-val-50k/';
const REPEATED = 'the short last windows score the last stride tokens again: about 1e-5 of the bpb';
const REMAINDER =
  'the evaluator drops the remainder of each rank’s batches, so the score depends on the number of GPUs';

// biome-ignore format: a table is read by its columns
const ROWS: readonly Row[] = [
  { name: 'sp1024, chunks', set: `${FULL}sp1024`, family: 'sp1024', window: 'standard', role: 'right', targets: 62_021_632, bytes: 151_080_363, source: nonRecord('2026-04-30_Random_Linear_Adapter/train_seed_42.txt', 'L1408') },
  { name: 'sp1024, sliding 1024/64', set: `${FULL}sp1024`, family: 'sp1024', window: 'sliding', role: 'right', targets: 62_022_592, bytes: 151_082_507, note: REPEATED, source: record('2026-03-19_SlidingWindowEval/train.log', 'L133') },
  { name: 'sp1024, sliding 2048/64', set: `${FULL}sp1024`, family: 'sp1024', window: 'sliding', role: 'right', targets: 62_023_616, bytes: 151_084_796, note: REPEATED, source: record('2026-03-31_ParallelResiduals_MiniDepthRecurrence/train_seed2024.log', 'L1046') },
  { name: 'sp1024, sliding (another seq_len or stride)', set: `${FULL}sp1024`, family: 'sp1024', window: 'sliding', role: 'right', quotient: '2.435928', note: REPEATED, source: record('2026-03-19_smeargate_orthoinit_muonwd/train.log', 'L1594') },
  { name: 'sp4096, first tokenizer', set: `${FULL}sp4096`, family: 'sp4096', window: 'any', role: 'right', quotient: '3.31968', source: record('2026-04-04_SP4096_DepthRecurrence_ParallelResid_MuonEqR/train_seed999.log', 'L133') },
  { name: 'sp4096, second tokenizer', set: `${FULL}sp4096`, family: 'sp4096', window: 'any', role: 'right', quotient: '3.31925', source: record('2026-04-03_MuonEqR_DepthRecurrence_WD090_AllInt6/train_seed0.log', 'L221') },
  { name: 'sp8192', set: `${FULL}sp8192`, family: 'sp8192', window: 'any', role: 'right', targets: 40_540_160, bytes: 151_078_222, source: record('2026-04-14_MultiPhaseGlobalSGD_PhasedTTT/train_seed0.log', 'L738') },
  { name: 'sp8192, another build', set: `${FULL}sp8192`, family: 'sp8192', window: 'any', role: 'right', quotient: '3.726588', source: record('2026-04-06_SP8192_HessianSDClip_ProgressiveRecurrence/train.log', 'L165') },
  { name: 'sp8192, stateful overlap at 4096', set: `${FULL}sp8192`, family: 'sp8192', window: 'any', role: 'right', quotient: '3.726644', note: 'a last window is appended that scores tokens twice, and each rank drops its tail', source: nonRecord('2026-04-15_Mamba3Hybrid_SP8192_GPTQ_TTT/train_seed1337.log', 'L102') },
  { name: 'sp8192, dropped rank remainders', set: `${FULL}sp8192`, family: 'sp8192', window: 'standard', role: 'partial', targets: 40_370_176, bytes: 150_449_603, note: `${REMAINDER}; 169,984 targets (0.42 %) are missing`, source: record('2026-04-14_MultiPhaseGlobalSGD_PhasedTTT/train_seed0.log', 'L156') },
  { name: 'CaseOps sp8192 with its sidecar', set: `${FULL}caseops-sp8192`, family: 'caseops-sp8192', window: 'any', role: 'right', targets: 47_851_520, bytes: 151_074_499, source: `${pulls(2050)} ${record('2026-04-27_SmearGateBOSFix_PR1787Base_LQERAsym_PhasedTTT/train_seed42.log', 'L832')}` },
  { name: 'CaseOps sp8192 with the other export’s sidecar', set: `${FULL}caseops-sp8192`, family: 'caseops-sp8192', window: 'any', role: 'right', targets: 47_851_520, bytes: 151_074_309, source: pulls(2138) },
  { name: 'CaseOps sp8192, dropped rank remainders', set: `${FULL}caseops-sp8192`, family: 'caseops-sp8192', window: 'standard', role: 'partial', targets: 47_710_208, bytes: 150_638_137, note: `${REMAINDER}; 141,312 targets (0.30 %) are missing`, source: record('2026-04-27_SmearGateBOSFix_PR1787Base_LQERAsym_PhasedTTT/train_seed42.log', 'L174') },
  { name: 'sp16384', set: `${FULL}sp16384`, family: 'sp16384', window: 'any', role: 'right', targets: 37_146_624, bytes: 151_078_879, source: evidence('reported-only') },
  { name: 'byte260', set: `${FULL}byte260`, family: 'byte260', window: 'any', role: 'right', targets: 151_130_112, bytes: 151_080_113, source: nonRecord('2026-03-29_HNet_ByteVsSubword_Study/train_byte260_best_10_min.log', 'L91') },
  { name: 'bytes without BOS', set: `${FULL}bytes-without-bos`, family: 'bytes', window: 'any', role: 'right', targets: 151_076_864, bytes: 151_076_864, note: 'documents are concatenated without BOS: their boundaries are lost', source: nonRecord('2026-03-30_ByteJEPA/logs/train_run_rtx5090.txt', 'L1346') },
  { name: 'the naive baseline’s own set', set: 'fineweb-val-naive-baseline', family: 'sp1024', window: 'any', role: 'other-set', targets: 63_779_840, bytes: 155_769_746, note: 'not comparable with the canonical 50,000 documents; asked in issue #837, unanswered', source: `${issue(837)} ${record('2026-03-17_NaiveBaseline/train.log', 'L448')}` },
];

/** Sequence lengths at which the challenge's evaluators cut the stream. */
const USUAL_SEQ_LENS = [512, 1024, 2048, 4096, 8192, 16_384, 32_768] as const;

/**
 * A stretch of tail is not the average text: its bytes per token are taken to lie within this
 * share of the set's. An assumption; the tails are below 0.1 % of a set, so it decides nothing else.
 */
const TAIL_SPREAD = 0.5;

/** Every fingerprint: the published ones, then those of other sequence lengths, computed. */
export const DENOMINATORS: readonly Denominator[] = [...ROWS.map(published), ...otherTails()];

function published(row: Row): Denominator {
  const { targets = null, bytes = null, quotient, note = null, ...rest } = row;
  return { ...rest, targets, bytes, note, bytesPerToken: quotientOf(targets, bytes, quotient) };
}

function quotientOf(targets: number | null, bytes: number | null, printed?: string): Interval {
  if (targets !== null && bytes !== null) {
    // One byte on each side: sums that were recovered from rounded figures, not counted.
    return { low: (bytes - 1) / targets, high: (bytes + 1) / targets };
  }
  const text = printed ?? '';
  const unit = 10 ** -(text.length - text.indexOf('.') - 1);
  return { low: Number(text) - unit, high: Number(text) + unit };
}

/** Right accounting at the usual sequence lengths, from the exact row by what the tail changes. */
function otherTails(): Denominator[] {
  const found: Denominator[] = [];
  for (const row of ROWS) {
    if (row.role !== 'right' || row.window === 'sliding' || row.targets === undefined) continue;
    const { set, family, targets, bytes = 0 } = row;
    const known = KNOWN_SETS.find(({ name }) => name === set);
    const other = new Set(known?.targets ?? []);
    for (const n of known?.tokens ?? []) {
      for (const seqLen of USUAL_SEQ_LENS) other.add(Math.floor((n - 1) / seqLen) * seqLen);
      other.add(n - 1);
    }
    for (const count of other) {
      if (count === targets || found.some((d) => d.set === set && d.targets === count)) continue;
      const change = count - targets;
      const ends = [1 - TAIL_SPREAD, 1 + TAIL_SPREAD].map(
        (factor) => (bytes + (change * factor * bytes) / targets) / count,
      );
      found.push({
        name: `${family}, ${count.toLocaleString('en-US')} targets`,
        set,
        family,
        window: 'standard',
        role: 'right',
        targets: count,
        bytes: null,
        bytesPerToken: { low: Math.min(...ends), high: Math.max(...ends) },
        note: 'computed for another sequence length: the tail that is dropped differs',
        source: lines('train_gpt.py', 'L213-L219'),
      });
    }
  }
  return found;
}

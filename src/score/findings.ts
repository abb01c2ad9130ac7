/**
 * The findings of a score: every reason to withhold its headline, and what must be said beside it.
 */
import { paddedWidth } from '../evaluation/padding.js';
import { type Finding, fail, warn } from '../finding.js';
import type { Generalisation } from '../generalisation/types.js';
import { controlFindings } from '../generalisation/verdict.js';
import { outcomeText, type RunOutcome } from '../ledger/outcome.js';
import { namesWith, type ProbeVerdict } from '../verdict.js';
import { figure } from '../words.js';
import { isWithin } from './optimize-check.js';
import type { Optimization } from './optimize-run.js';
import type { ScoreResult } from './result.js';
import type { Verification } from './verify.js';

/** What a run found out about itself. */
interface Checks {
  readonly verification: Verification;
  readonly optimization: Optimization | null;
  /** Of `--strict`. */
  readonly probes: readonly Seen[] | null;
  /** Older results have none. */
  readonly generalisation?: Generalisation | null;
}

/** A verdict; an edited result may lack what was measured. */
type Seen = Pick<ProbeVerdict, 'name' | 'verdict'> & {
  readonly effect?: ProbeVerdict['effect'] | undefined;
  readonly unit?: ProbeVerdict['unit'] | undefined;
};

type Figures = Pick<ScoreResult, 'score' | 'totals'>;

/** Reasons why the totals alone give no bits per byte. */
export function figureFindings({ score, totals }: Figures): Finding[] {
  const { infinite_targets, first_infinite } = score;
  if (infinite_targets > 0) {
    const times = figure(infinite_targets);
    return [
      fail(
        'infinite-targets',
        `probability zero for ${times} targets, the first at stream position ${first_infinite}`,
        'a model must give every token of its vocabulary a finite logit',
      ),
    ];
  }
  if (totals.targets === 0) {
    const hint = 'ask for more of the stream: fewer parts in --part, a longer text';
    return [fail('no-targets', 'no target was scored', hint)];
  }
  const bytes = totals.bytes[totals.headline];
  if (bytes === 0) return [fail('no-bytes', 'the scored targets stand for no bytes')];
  return [];
}

/**
 * Failed checks of the run, each of which withholds the headline, and what its probes warn of.
 *
 * @param explained whether a finding about the graph says why they fail
 */
export function checkFindings(
  { verification, optimization, probes, generalisation }: Checks,
  explained: boolean,
): Finding[] {
  const findings: Finding[] = [];
  const failed = namesWith('fail', probes ?? []);
  if (failed.length > 0) {
    const message = `the probes found something wrong: ${failed.join(', ')}`;
    const hint = explained ? null : 'bpb probe ARTIFACT says what each of them saw';
    findings.push(fail('probes-failed', message, hint));
  }
  const warned = (probes ?? []).filter(({ verdict }) => verdict === 'warn');
  if (warned.length > 0) findings.push(probesWarned(warned));
  if (verification.verdict === 'fail') {
    findings.push(
      fail(
        'verification-failed',
        'the run disagrees with its own verification',
        explained
          ? null
          : 'bpb probe ARTIFACT looks for what moves it: other rows, later tokens, chance',
      ),
    );
  }
  if (optimization !== null) findings.push(...proofFindings(optimization));
  findings.push(...controlFindings(generalisation));
  return findings;
}

/** Rounding that reaches other tokens and a leak too faint to fail look alike, so that both are named. */
function probesWarned(warned: readonly Seen[]): Finding {
  const seen = warned.map(({ name, effect, unit }) =>
    effect == null ? name : `${name} (${effect.toExponential(1)} ${unit ?? ''})`,
  );
  return warn(
    'probes-warned',
    `a prediction moved with what must not matter to it, by less than the tolerance, though repeated runs do not differ: ${seen.join(', ')}`,
    'rounding does this where sums run over later tokens, as in a convolution by FFT, and so does a faint leak: the notes of the probes say where',
  );
}

/** What became of the run whose nats are claimed, as its ledger says; undefined where a result does not. */
export function outcomeFindings(outcome: RunOutcome | null | undefined): Finding[] {
  const text = outcomeText(outcome ?? null);
  if (text === null) return [];
  const hint = 'ask the evaluator why: a failed verification, a finding, an interrupt or a crash';
  return [warn('ledger-result', `the ledger is complete, but ${text}`, hint)];
}

/** Whether nothing says that the engine computed what the graph does; without a number nothing need say it. */
export function unverifiedFindings({
  score,
  verification: { verdict, note: why },
}: Pick<ScoreResult, 'score' | 'verification'>): Finding[] {
  if (score.val_loss === null) return [];
  if (verdict === 'skipped') {
    const message = 'no row was scored a second time: the number is not verified';
    return [warn('unverified', message, 'leave --verify-rows out')];
  }
  if (verdict !== 'not_possible') return [];
  const message = `no row could be scored a second time: ${why ?? 'nothing else runs the model'}`;
  return [warn('unverified', message, 'rules that require a verification refuse such a score')];
}

/** The verdict must follow from the differences: a result may come from elsewhere. */
function proofFindings(optimization: Optimization): Finding[] {
  const { verdict, targets, tolerance_nats: tolerance } = optimization;
  if (verdict === 'fail' || targets === 0 || !isWithin(optimization, tolerance)) {
    const message = 'the optimized model is not proved to be the original one';
    // An artifact that is in fp16 itself stays so, whatever is asked for.
    const halved = optimization.rewrites.some(({ name }) => name === 'half-precision-weights');
    const hint = halved
      ? 'give --precision fp32 with --optimize, or score without it'
      : 'score without --optimize';
    return [fail('optimization-failed', message, hint)];
  }
  if (isWithin(optimization)) return [];
  const message = `the optimized model differs from the original by more than it may without --optimize-tolerance ${tolerance}`;
  return [warn('optimization-tolerated', message, 'score without --optimize')];
}

/** A uniform guess is not worse than itself by rounding, nor is a model that has learned nothing. */
const UNIFORM_NATS = 1e-3;
/** Bits of a byte that is guessed uniformly. */
const UNIFORM_BPB = 8;
/**
 * What is possible and rarely meant: losses beyond a uniform guess, logits beyond the tokenizer.
 *
 * @param width of the logits, null where it is not known, and of the tokenizer, in ids
 */
export function plausibility(
  { score: { val_loss, val_bpb } }: Figures,
  width: { readonly logits: number | null; readonly tokenizer: number },
): Finding[] {
  const findings: Finding[] = [];
  const vocabulary = width.logits ?? width.tokenizer;
  const beyondBytes = val_bpb !== null && val_bpb > UNIFORM_BPB;
  if (val_loss !== null && val_loss > Math.log(vocabulary) + UNIFORM_NATS) {
    const bytes = beyondBytes ? ', and over the bytes (8 bits)' : '';
    findings.push(
      warn(
        'worse-than-uniform',
        `worse than a uniform guess over the vocabulary (log ${vocabulary} = ${Math.log(vocabulary).toFixed(4)} nats)${bytes}`,
        'likely causes: the tokenizer of another model, targets shifted twice (a model that shifts its labels itself), weights that were not loaded',
      ),
    );
  } else if (beyondBytes) {
    findings.push(
      warn(
        'worse-than-bytes',
        'worse than a uniform guess over the bytes (8 bits per byte)',
        'likely causes: the tokenizer of another model, data in another encoding, a model that is not trained',
      ),
    );
  }
  if (width.logits !== null && width.logits > paddedWidth(width.tokenizer)) {
    const [logits, tokenizer] = [width.logits, width.tokenizer].map((n) => figure(n));
    findings.push(
      warn(
        'logits-too-wide',
        `the logits are ${logits} wide and the tokenizer has ${tokenizer} ids: more than padding`,
        'give the tokenizer that the model was trained with: --tokenizer FILE',
      ),
    );
  }
  return findings;
}

/** The twelve cheats of an earlier attack on the harness, and where each is tested now. */

interface Recorded {
  readonly does: string;
  readonly stopped: string;
  readonly chance: string;
  /** Paths from the root; an artifact of this catalogue by its name. */
  readonly tests: readonly string[];
}

const CERTAIN = 'certain';

/** Each is refused, withheld or said without a cost beyond that of the command, if not said otherwise. */
export const TWELVE: readonly Recorded[] = [
  {
    does: 'external data in a place that a reader of ordinary initializers does not see',
    stopped: 'refused: what a model may read',
    chance: CERTAIN,
    tests: ['test/threats/10.model-files.test.ts'],
  },
  {
    does: 'pieces longer than what the organizer encoded, over the organizer’s shards',
    stopped: '`--docs`: *denominator-exceeds*; without documents said to be unconfirmed, rule',
    chance: `${CERTAIN} with documents`,
    tests: ['test/threats/20.tokenizer.test.ts'],
  },
  {
    does: 'a normalizer that makes text longer',
    stopped: '`--docs`: *denominator-exceeds*, *text-altered*',
    chance: `${CERTAIN} with documents`,
    tests: ['test/threats/20.tokenizer.test.ts'],
  },
  {
    does: 'space marks inside pieces, counted twice',
    stopped: '*denominator-exceeds*, with documents or without',
    chance: CERTAIN,
    tests: ['test/threats/20.tokenizer.test.ts', 'test/bytes/61.overcount.test.ts'],
  },
  {
    does: 'a doubled sidecar of bytes',
    stopped:
      '`--docs`: refused; without documents where its own words show it, else said to be unconfirmed',
    chance: `${CERTAIN} with documents`,
    tests: ['test/bytes/60.denominator.test.ts'],
  },
  {
    does: 'rows so long that half of the stream is a tail that is dropped',
    stopped: 'said: *dropped-tail*; rule',
    chance: CERTAIN,
    tests: ['test/threats/30.evaluation.test.ts'],
  },
  {
    does: 'the historical evaluator, asked for in the manifest',
    stopped: 'said: *artifact-decides*; `--compat none`, rule',
    chance: CERTAIN,
    tests: ['test/threats/30.evaluation.test.ts'],
  },
  {
    does: 'a model that is not counted, no code, files that nobody counts',
    stopped: 'said: *size-unknown*, *uncounted-files*; rule',
    chance: CERTAIN,
    tests: ['test/threats/40.size.test.ts'],
  },
  {
    does: 'knows the rows of seed 1 and leaks everywhere else',
    stopped: 'a fresh seed in each run',
    chance: 'as `known-probes` below',
    tests: ['known-probes'],
  },
  {
    does: 'leaks in one row of 100, or of 20',
    stopped: '`--every-row`: *every-row*',
    chance: 'as `row-of-100`, `row-of-20` below',
    tests: ['row-of-100', 'row-of-20'],
  },
  {
    does: 'the validation text, stored reversed, permuted, scaled or transposed',
    stopped: '`--control-docs`: *memorized-text*',
    chance: 'as `text-reversed`, `text-permuted`, `text-scaled` below',
    tests: ['text-reversed', 'text-permuted', 'text-scaled'],
  },
  {
    does: 'a mean over all positions feeds a router',
    stopped: '`bpb probe`, `--strict`: warned of, *causality*',
    chance: 'as `router` below',
    tests: ['router'],
  },
];

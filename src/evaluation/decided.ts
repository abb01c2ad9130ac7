/**
 * Who decided each setting that moves the number of a score.
 */
import type { Artifact } from '../artifact/load.js';
import { requires } from '../rules/allowed.js';
import { callerOf, type Decider } from '../rules/decide.js';
import type { Rules } from '../rules/schema.js';
import { namesData } from './open-data.js';
import type { ScoreOptions, TokenOptions } from './options.js';

/** By the names of the settings in a result. */
export type DecidedBy = Readonly<Record<string, Decider>>;

/**
 * @param deciders of the windows and the document start, which the rules can fix
 * @returns nothing for the data where none is named
 */
export function decidedSettings(
  options: ScoreOptions,
  { tokenizer, evaluation, model, adaptive }: Artifact,
  rules: Rules | null,
  deciders: DecidedBy,
): DecidedBy {
  const named = namesData(options);
  return {
    ...(named || evaluation?.data !== undefined ? { data: named ? 'caller' : 'artifact' } : {}),
    tokenizer: options.tokenizer !== undefined || tokenizer === null ? 'caller' : 'artifact',
    ...deciders,
    limit_docs: callerOf(options.limitDocs),
    part: callerOf(options.part),
    sidecar: callerOf(options.sidecar),
    ...portDeciders(options, model),
    ...(adaptive === null ? {} : { state: 'artifact' }),
    ...runDeciders(options, rules),
  };
}

/** Of a score of nats that were made elsewhere: how they were made is not known here. */
export function claimedSettings(options: TokenOptions): DecidedBy {
  const { documentStart, limitDocs, sidecar } = options;
  return {
    data: 'caller',
    tokenizer: 'caller',
    document_start: callerOf(documentStart),
    limit_docs: callerOf(limitDocs),
    sidecar: callerOf(sidecar),
  };
}

/** What the model reads and gives, where that is more than token ids and logits under their usual names. */
function portDeciders(
  options: ScoreOptions,
  { tokensInput, logitsOutput, inputs, logitsAre, softcap }: Artifact['model'],
): DecidedBy {
  /** The caller's word, else the artifact's where it is not the usual one. */
  const either = (given: unknown, usual: boolean): Decider => {
    if (given !== undefined) return 'caller';
    return usual ? 'default' : 'artifact';
  };
  const said = (['caller', 'manifest'] as const).find((who) => inputs.some(({ by }) => by === who));
  const ofInputs = said === 'manifest' ? 'artifact' : (said ?? 'default');
  return {
    tokens_input: either(options.tokensInput, tokensInput === 'input_ids'),
    logits_output: either(options.logitsOutput, logitsOutput === 'logits'),
    logits_are: either(options.logitsAre, logitsAre === 'logits'),
    softcap: softcap === null ? 'default' : 'artifact',
    ...(inputs.length === 0 ? {} : { inputs: ofInputs }),
  };
}

/** How the run is done and checked. */
function runDeciders(options: ScoreOptions, rules: Rules | null): DecidedBy {
  const asked = (what: 'probes' | 'every-row', by: unknown) =>
    rules !== null && requires(rules, what) ? 'rules' : callerOf(by);
  return {
    optimize: callerOf(options.optimize),
    ...(options.optimizeTolerance === undefined ? {} : { optimize_tolerance: 'caller' }),
    precision: callerOf(options.precision),
    verify_rows: callerOf(options.verifyRows),
    seed: callerOf(options.seed),
    strict: asked('probes', options.strict),
    every_row: asked('every-row', options.everyRow),
  };
}

/**
 * Checks of flags against the rules, before anything else is opened.
 */
import { usageError } from '../../errors.js';
import { allows, allowsInteger, integersText, orText, requires } from '../../rules/allowed.js';
import { type LoadedRules, loadRules } from '../../rules/load.js';
import type { Rules } from '../../rules/schema.js';
import { nameOfTokenizer } from '../../rules/tokenizers.js';
import { loadTokenizer } from '../../tokenizer/load.js';
import type { DocumentStart } from '../../tokenizer/types.js';
import { isAcceptable } from '../accept.js';
import type { ScoreOptions } from '../options.js';

/** A flag that the rules do not allow. */
interface Contradiction {
  readonly flag: string;
  readonly given: string;
  /** Field of the rules. */
  readonly field: string;
  readonly allowed: string;
}

/**
 * The rules that the options name; null where they name none.
 *
 * @throws BPB_USAGE_RULES for rules that cannot be taken; BPB_USAGE_RULES_FLAG for a flag that
 * contradicts them, naming both
 */
export function rulesOf(options: ScoreOptions): LoadedRules | null {
  if (options.rules === undefined) return null;
  const loaded = loadRules(options.rules);
  checkAcceptable(loaded);
  const [first] = contradictions(options, loaded.rules);
  if (first !== undefined) throw contradicts(loaded, first);
  return loaded;
}

/** Rules may allow to accept what a caller may, which is about data. */
function checkAcceptable({ source, rules: { accept = [] } }: LoadedRules): void {
  const k = accept.findIndex((id) => !isAcceptable(id));
  if (k === -1) return;
  throw usageError('BPB_USAGE_RULES', {
    message: `\`accept.${k}\`: no finding of that name can be accepted: only those about data can`,
    path: source,
    expected: 'a finding that --accept takes (docs/data.md)',
    actual: accept[k]!,
    hint: 'bpb score ARTIFACT --accept x lists them',
  });
}

function* contradictions(options: ScoreOptions, rules: Rules): Generator<Contradiction> {
  yield* windowContradictions(options, rules.windows ?? {});
  const { documentStart, tokenizer, verifyRows, strict, everyRow, accept = [] } = options;
  if (documentStart !== undefined && mayNotBegin(rules, documentStart)) {
    yield {
      flag: '--document-start',
      given: String(documentStart),
      field: 'documentStart',
      allowed: orText(rules.documentStart!),
    };
  }
  if (tokenizer === 'byte260' && refusesTokenizer(rules, loadTokenizer('byte260').sha256)) {
    yield tokenizerContradiction('byte260', rules);
  }
  const refused = accept.find((id) => !rules.accept?.includes(id));
  if (refused !== undefined) {
    const allowed = rules.accept === undefined ? 'no finding' : orText(rules.accept);
    yield { flag: '--accept', given: refused, field: 'accept', allowed };
  }
  if (verifyRows === 0 && requires(rules, 'verification')) {
    yield { flag: '--verify-rows', given: '0', field: 'required', allowed: 'verification' };
  }
  if (strict === false && requires(rules, 'probes')) {
    yield { flag: '--strict', given: 'false', field: 'required', allowed: 'probes' };
  }
  if (everyRow === false && requires(rules, 'every-row')) {
    yield { flag: '--every-row', given: 'false', field: 'required', allowed: 'every-row' };
  }
}

function* windowContradictions(
  { window, seqLen, stride, tail, compat }: ScoreOptions,
  allowed: NonNullable<Rules['windows']>,
): Generator<Contradiction> {
  const choices = [
    ['--window', window, 'modes', allowed.modes],
    ['--tail', tail, 'tail', allowed.tail],
    ['--compat', compat, 'compat', allowed.compat],
  ] as const;
  for (const [flag, given, field, values] of choices) {
    if (given === undefined || allows<string>(values, given)) continue;
    yield { flag, given, field: `windows.${field}`, allowed: orText(values!) };
  }
  const integers = [
    ['--seq-len', seqLen, 'seqLen', allowed.seqLen],
    ['--stride', stride, 'stride', allowed.stride],
  ] as const;
  for (const [flag, given, field, values] of integers) {
    // How long whole rows are is not known yet.
    if (typeof given !== 'number' || allowsInteger(values, given)) continue;
    yield { flag, given: String(given), field: `windows.${field}`, allowed: integersText(values!) };
  }
}

/** An id may be the tokenizer's BOS, which is not known yet. */
function mayNotBegin({ documentStart: allowed }: Rules, start: DocumentStart): boolean {
  if (allows(allowed, start)) return false;
  return start === 'none' || !allowed!.includes('bos');
}

function refusesTokenizer(rules: Rules, sha256: string): boolean {
  return rules.tokenizers?.others === 'refused' && nameOfTokenizer(rules, sha256) === null;
}

function tokenizerContradiction(given: string, { tokenizers }: Rules): Contradiction {
  const allowed = orText((tokenizers?.named ?? []).map(({ name }) => name));
  return { flag: '--tokenizer', given, field: 'tokenizers.named', allowed };
}

/**
 * What only an opened tokenizer shows of the flags that name it and what begins its documents.
 *
 * @throws BPB_USAGE_RULES_FLAG
 */
export function checkTokenizerFlags(
  { tokenizer: given, documentStart }: ScoreOptions,
  tokenizer: { readonly sha256: string; readonly bosId: number | null },
  loaded: LoadedRules,
): void {
  const { rules } = loaded;
  if (given !== undefined && refusesTokenizer(rules, tokenizer.sha256)) {
    throw contradicts(loaded, tokenizerContradiction(given, rules));
  }
  if (documentStart === undefined || documentStart === tokenizer.bosId) return;
  if (allows(rules.documentStart, documentStart)) return;
  const bos = tokenizer.bosId === null ? 'the tokenizer has none' : `id ${tokenizer.bosId}`;
  throw contradicts(loaded, {
    flag: '--document-start',
    given: String(documentStart),
    field: 'documentStart',
    allowed: orText(rules.documentStart!.map((each) => (each === 'bos' ? `bos (${bos})` : each))),
  });
}

function contradicts(
  { source, rules }: LoadedRules,
  { flag, given, field, allowed }: Contradiction,
) {
  return usageError('BPB_USAGE_RULES_FLAG', {
    message: `${flag} ${given} contradicts the rules ${rules.name}`,
    path: flag,
    expected: `${allowed} (\`${field}\` of --rules ${source})`,
    actual: `${flag} ${given}`,
    hint: `leave ${flag} out, or score without --rules`,
  });
}

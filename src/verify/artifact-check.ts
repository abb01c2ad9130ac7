/**
 * Checks of what a result says of its artifact: files that nobody counted, who decided its settings.
 */
import type { PlannedEvaluation } from '../evaluation/open.js';
import { windowRequest } from '../evaluation/window.js';
import type { Rules } from '../rules/schema.js';
import type { ScoreResult } from '../score/result.js';
import { equalFigures, type Figure, failed, notChecked, passed } from './check.js';
import type { VerifyCheck } from './types.js';

const UNCOUNTED = {
  name: 'uncounted',
  what: 'artifact.uncounted lists the files that nobody counted',
};
const DECIDED = {
  name: 'decided-by',
  what: 'settings of the artifact alone are said to be its own',
};

/** Files that came after the run cannot be told from those that it left out. */
export function uncountedCheck(
  { artifact: { uncounted: listed } }: ScoreResult,
  now: readonly string[],
): VerifyCheck {
  if (listed === undefined) return notChecked(UNCOUNTED, 'an older result does not list them');
  const missing = now.filter((name) => !listed.includes(name));
  if (missing.length === 0) return passed(UNCOUNTED);
  const note = 'move files that came after the run, as its --out, out of the folder';
  return failed(UNCOUNTED, missing.join(', '), 'not in artifact.uncounted', note);
}

/**
 * Where the caller may have said what the artifact says too, the result has only its own word.
 *
 * @param rules those that the result names, where they are known
 */
export function decidedCheck(
  { decided_by: by, rules: named }: ScoreResult,
  { artifact, workload }: PlannedEvaluation,
  rules: Rules | null,
): VerifyCheck {
  if (by === undefined) return notChecked(DECIDED, 'an older result does not say who decided');
  const { options } = workload.plan;
  const { evaluation } = artifact;
  const deciders: Readonly<Record<string, string>> = windowRequest({}, evaluation, rules).deciders;
  // The check of the rules says that nobody here has them.
  const anyRules = rules === null && (named ?? null) !== null;
  // A manifest's stride belongs to its own window.
  const same = options.mode === evaluation?.window ? evaluation : null;
  const settings = [
    ['window', evaluation?.window, options.mode, undefined],
    ['seqLen', evaluation?.seqLen, options.seqLen, undefined],
    ['stride', same?.stride, options.stride, null],
    ['tail', same?.tail, options.tail, 'drop'],
    ['compat', same?.compat, options.compat, null],
    ['tokenizer', artifact.tokenizer ?? undefined, artifact.tokenizer ?? undefined, undefined],
  ] as const;
  const figures: Figure[] = [];
  const unknown: string[] = [];
  for (const [name, own, value, byDefault] of settings) {
    const found = by[name];
    if (deciders[name] === 'rules') {
      figures.push({ field: name, expected: 'rules', found });
      continue;
    }
    const ofArtifact = own !== undefined && own !== byDefault;
    const could = {
      artifact: ofArtifact && own === value,
      default: name !== 'tokenizer' && !ofArtifact && value === byDefault,
      rules: anyRules,
    };
    const holds = found !== undefined && (could[found as keyof typeof could] ?? true);
    figures.push({ field: name, expected: could.artifact ? 'artifact' : 'caller', found, holds });
    if (could.artifact && found !== 'artifact' && found !== 'rules') unknown.push(name);
  }
  if (artifact.adaptive !== null) {
    figures.push({ field: 'state', expected: 'artifact', found: by['state'] });
  }
  const check = equalFigures(DECIDED, figures);
  if (check.verdict === 'fail' || unknown.length === 0) return check;
  const names = unknown.join(', ');
  return notChecked(DECIDED, `that it was not the artifact is the run's own word: ${names}`);
}

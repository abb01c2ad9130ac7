/**
 * Checks of a result against the stream and the plan of its artifact: coverage, bytes, findings.
 */
import { type Adaptive, resetsAtDocuments } from '../artifact/adaptive.js';
import { graphFindings } from '../artifact/graph-findings.js';
import { Accounting, type ByteTotals } from '../bytes/accounting.js';
import type { Denominator } from '../bytes/denominator.js';
import type { Identified } from '../data/known-sets.js';
import { dataFindings } from '../evaluation/data-findings.js';
import type { PlannedEvaluation } from '../evaluation/open.js';
import type { Rules } from '../rules/schema.js';
import { scoredRanges } from '../score/compose.js';
import { judgeBytes } from '../score/denominator.js';
import { dataFigures, identifyData } from '../score/figures.js';
import { identityOf } from '../score/identity.js';
import type { ScoreResult } from '../score/result.js';
import { sizeFacts } from '../score/size-findings.js';
import { CoverageMap } from '../windows/coverage.js';
import { decidedCheck, uncountedCheck } from './artifact-check.js';
import { equalFigures, type Figure, notChecked } from './check.js';
import { findingsCheck } from './consistency.js';
import type { DocumentTable } from './documents-table.js';
import type { Reopened } from './open.js';
import { capOf } from './rules.js';
import { grantsForResult, sizeFigures } from './rules-figures.js';
import type { Tables } from './tables.js';
import { targetsByDocument } from './targets-check.js';
import type { VerifyCheck } from './types.js';

const STREAM = {
  name: 'stream',
  what: 'tokens, windows, ports, coverage: as planned again',
};
const BYTES = {
  name: 'bytes',
  what: 'the bytes of each document, counted again',
};
const PLACES = {
  name: 'places',
  what: 'nats stand at the targets that the plan scores',
};
const FOUND = {
  name: 'data-findings',
  what: 'no finding is missing of graph, shards, bytes and size',
};

/**
 * Everything that can be compared before a row is scored.
 *
 * @param rules those that the result names, where they are known
 * @param out directory of the result, whose own files are none of the artifact's
 */
export async function streamChecks(
  result: ScoreResult,
  { evaluation, asked }: Reopened,
  { documents, nats }: Tables,
  { rules, out }: { readonly rules: Rules | null; readonly out: string },
): Promise<VerifyCheck[]> {
  const { tokenizer, data, workload, artifact } = evaluation;
  const { stream, sidecar, facts } = data;
  const coverage = new CoverageMap(stream.ids.length, true);
  for (const [first, count] of scoredRanges(workload)) coverage.mark(first, count);
  const accounting = new Accounting({ tokenizer, stream, sidecar, facts });
  const bytes = accounting.totals(scoredRanges(workload));
  const known = identifyData(data, result.totals.targets);
  const confirmed = result.totals.denominator?.confirmed_by;
  const { denominator, findings: ofBytes } = judgeBytes(bytes, {
    data,
    known,
    planned: workload.plan.scored,
    // Who named the tokenizer is the run's own word; what documents and sets confirm goes before it.
    namedByCaller: confirmed === 'caller' && result.decided_by?.['tokenizer'] !== 'artifact',
    ...grantsForResult(result, tokenizer, rules),
  });
  const cap = capOf(result, rules);
  const size = sizeFacts(
    { ...evaluation, rules: rules && { rules } },
    { docs: asked.docs, tokenizer: asked.tokenizer, ledger: result.ledger?.file, out },
  );
  const checks = [
    streamCheck(result, evaluation, coverage, known, sizeFigures(result, size.fields, cap)),
    bytesCheck(result, bytes, denominator, documents),
    placesCheck(coverage, nats),
    uncountedCheck(result, size.fields.uncounted),
    decidedCheck(result, evaluation, rules),
  ];
  if (nats !== null && documents !== null) {
    checks.push(targetsByDocument(result, nats, stream, documents));
  }
  const ofData = await dataFindings(data, workload.plan.options);
  // How grave they are depends on the cap, which nobody here may have.
  const ofSize = cap === null ? [] : size.findings;
  const found = [...ofBytes, ...graphFindings(artifact), ...ofData, ...ofSize];
  return [...checks, findingsCheck(result, found, FOUND)];
}

function streamCheck(
  result: ScoreResult,
  evaluation: PlannedEvaluation,
  covered: CoverageMap,
  known: Identified | null,
  size: readonly Figure[],
): VerifyCheck {
  const { artifact, data, workload, tokenizer } = evaluation;
  const { coverage, window, engine, adaptive } = result;
  const { plan } = workload;
  const part = coverage.part ?? null;
  const own = dataFigures({ data, tokenizer }, known);
  const { model } = artifact;
  const tokens = data.stream.ids.length;
  const { score } = identityOf({
    ...result,
    ...own,
    window: plan.options,
    coverage: { ...coverage, tokens },
  });
  const state = artifact.adaptive;
  // A bare model is named after its file, which may be another one by now.
  const name = artifact.evaluation === null && artifact.tokenizer === null ? null : artifact.name;
  const figures: Figure[] = [
    { field: 'tokens', expected: tokens, found: coverage.tokens },
    {
      field: 'documents',
      expected: data.stream.documentStarts.length,
      found: coverage.documents,
    },
    { field: 'scored', expected: covered.scored, found: coverage.scored },
    { field: 'repeated', expected: covered.repeated, found: coverage.repeated },
    { field: 'partial', expected: data.partial || part !== null, found: coverage.partial },
    {
      field: 'skipped (tail)',
      expected: plan.skipped.reduce((all, each) => all + each.targets, 0),
      found: coverage.skipped.reduce(
        (all, { reason, targets }) => all + (reason === 'tail' ? targets : 0),
        0,
      ),
    },
    ...(['mode', 'seqLen', 'stride', 'tail', 'compat'] as const).map((name) => ({
      field: `window ${name}`,
      expected: plan.options[name],
      found: window[name],
    })),
    ...(['kind', 'vocab', 'bos', 'document_start'] as const).map((name) => ({
      field: `tokenizer ${name}`,
      expected: own.tokenizer[name],
      found: result.tokenizer[name],
    })),
    // Results of before did not say it.
    {
      field: 'tokenizer normalizer_sha256',
      expected: own.tokenizer.normalizer_sha256,
      found: result.tokenizer.normalizer_sha256,
      ...(result.tokenizer.normalizer_sha256 === undefined ? { holds: true } : {}),
    },
    { field: 'known_as', expected: known?.name, found: result.data.known_as?.name },
    { field: 'tokens_input', expected: model.tokensInput, found: engine.tokens_input },
    { field: 'logits_output', expected: model.logitsOutput, found: engine.logits_output },
    { field: 'inputs', expected: inputsText(model.inputs), found: inputsText(namedInputs(engine)) },
    {
      field: 'allowed_ops',
      expected: [...artifact.allowedOperators].sort(),
      found: [...(engine.allowed_ops ?? [])].sort(),
    },
    { field: 'state', expected: stateText(state && stateOf(state)), found: stateText(adaptive) },
    { field: 'artifact.name', expected: name ?? result.artifact.name, found: result.artifact.name },
    ...size,
    { field: 'identity.score', expected: score, found: result.identity.score },
  ];
  return equalFigures(STREAM, figures);
}

type State = Pick<NonNullable<ScoreResult['adaptive']>, 'chunk' | 'context' | 'steps' | 'reset'>;

function stateOf(adaptive: Adaptive): State {
  const { chunk, context, steps } = adaptive;
  return { chunk, context, steps, reset: resetsAtDocuments(adaptive) ? 'document' : 'never' };
}

function stateText(state: State | null): string {
  if (state === null) return 'none';
  const { chunk, context, steps, reset } = state;
  return `chunks of ${chunk} after ${context}, ${steps} steps, reset ${reset}`;
}

type Input = PlannedEvaluation['artifact']['model']['inputs'][number];

function namedInputs({ inputs }: ScoreResult['engine']) {
  return Object.entries(inputs).map(([name, { kind, by }]) => ({ name, kind, by }));
}

/** The inputs in one order, each with what it is given and who said so. */
function inputsText(inputs: readonly Pick<Input, 'name' | 'kind' | 'by'>[]): string {
  const texts = inputs.map(({ name, kind, by }) => `${name}=${JSON.stringify(kind)} by ${by}`);
  return texts.sort().join(', ');
}

function bytesCheck(
  { totals }: ScoreResult,
  own: ByteTotals,
  denominator: Denominator,
  table: DocumentTable | null,
): VerifyCheck {
  const { bytes } = totals;
  function* figures(): Generator<Figure> {
    yield { field: 'targets', expected: own.targets, found: totals.targets };
    yield { field: 'headline', expected: own.headline, found: totals.headline };
    yield { field: 'lut', expected: own.lut, found: bytes.lut };
    yield { field: 'sidecar', expected: own.sidecar, found: bytes.sidecar };
    yield { field: 'decoded', expected: own.decoded, found: bytes.decoded };
    yield { field: 'original', expected: own.original, found: bytes.original };
    yield {
      field: 'documents_lossy',
      expected: own.documentsLossy,
      found: totals.documents_lossy,
    };
    // Results of before did not say these.
    if (totals.documents_altered !== undefined) {
      const { documents_altered: found } = totals;
      yield { field: 'documents_altered', expected: own.documentsAltered, found };
    }
    if (totals.denominator !== undefined) {
      const { confirmed_by: found } = totals.denominator;
      yield { field: 'denominator', expected: denominator.confirmed_by, found };
    }
    if (table !== null) yield* documentFigures(own.byDocument, table);
  }
  return equalFigures(BYTES, figures(), table === null ? 'their totals only' : null);
}

function* documentFigures(own: ByteTotals['byDocument'], table: DocumentTable): Generator<Figure> {
  const known = (value: number | undefined) =>
    value === undefined || Number.isNaN(value) ? null : value;
  let row = 0;
  for (let k = 0; k < own.targets.length; k++) {
    if (own.targets[k] === 0) continue;
    const field = (what: string) => `${what} of document ${k}`;
    const at = row++;
    yield { field: field('row'), expected: k, found: known(table.document[at]) };
    yield { field: field('targets'), expected: own.targets[k], found: table.targets[at] };
    yield { field: field('complete'), expected: own.complete[k], found: table.complete[at] };
    for (const name of ['lut', 'sidecar', 'decoded', 'original'] as const) {
      const expected = known(own[name]?.[k]);
      yield { field: field(name), expected, found: known(table[name][at]) };
    }
  }
  yield { field: 'rows of documents.csv', expected: row, found: table.rows };
}

function placesCheck(coverage: CoverageMap, nats: Float32Array | null): VerifyCheck {
  if (nats === null) return notChecked(PLACES, 'there is no targets.f32 to look at');
  function* figures(): Generator<Figure> {
    for (let i = 1; i <= nats!.length; i++) {
      const [expected, found] = [coverage.has(i), !Number.isNaN(nats![i - 1]!)];
      if (expected !== found) yield { field: `target ${i} scored`, expected, found };
    }
  }
  return equalFigures(PLACES, figures());
}

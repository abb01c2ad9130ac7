/**
 * Command lines whose results, error documents and texts `golden.json` pins.
 *
 * They run in the folder that `folder.ts` fills, so every path is relative. How a run is placed on
 * the machine is always said (`RUN`), because the defaults follow its core count.
 */

export interface GoldenCase {
  readonly name: string;
  /** Arguments of `bpb`, split at spaces. */
  readonly line: string;
  /** The text for people is pinned instead of the JSON document. */
  readonly text?: true;
  /** Files that the command writes, pinned by their hashes. */
  readonly files?: readonly string[];
  /** The outcome would be another where a GPU can score. */
  readonly cpuOnly?: true;
  /** Values follow the machine: only the fields' names are pinned. */
  readonly namesOnly?: true;
}

const RUN = '--engine onnx-cpu --workers 1 --threads 1 --seed 1 --quiet';
const JS = '--engine onnx-js --workers 1 --threads 1 --seed 1 --quiet';
const BYTES = 'model.onnx --tokenizer byte260';
const DOCS = `${BYTES} --docs docs.jsonl`;
const SHARDS = `${BYTES} --data shards`;
const CHUNK = '--window chunk --seq-len 32';
const CLAIM = '--ledger made/ledger.jsonl --targets made/targets.f32';
const CLAIM_DATA = '--docs docs.jsonl --tokenizer byte260';
const OUTPUTS = (folder: string) => [
  `${folder}/targets.f32`,
  `${folder}/documents.csv`,
  `${folder}/ledger.jsonl`,
];

const SCORES: readonly GoldenCase[] = [
  { name: 'transformer', line: `score models/sotu-8x256 --limit-docs 1 ${RUN}` },
  { name: 'transformer, onnx-js', line: `score models/sotu-8x256 --limit-docs 1 ${JS}` },
  {
    name: 'transformer, optimized',
    line: `score models/sotu-8x256 --limit-docs 1 --optimize ${RUN}`,
  },
  {
    name: 'transformer, sliding in batches',
    line: `score models/sotu-8x256 --limit-docs 1 --window sliding --seq-len 256 --stride 128 --batch-tokens 2048 ${RUN}`,
  },
  {
    name: 'adaptive bias with a ledger',
    line: `score models/sotu-bias --limit-docs 1 ${RUN} --out bias --save-targets --ledger bias/ledger.jsonl`,
    files: OUTPUTS('bias'),
  },
  { name: 'adaptive head', line: `score models/sotu-head-lora --limit-docs 1 ${RUN}` },
  { name: 'adaptive attention', line: `score models/sotu-attention-lora --limit-docs 1 ${RUN}` },
  { name: 'adaptive bias, onnx-js', line: `score models/sotu-bias --limit-docs 1 ${JS}` },
  {
    name: 'recurrent, two workers',
    line: 'score models/sotu-recurrent --limit-docs 2 --engine onnx-cpu --workers 2 --threads 1 --seed 1 --quiet',
  },
  { name: 'chunk', line: `score ${DOCS} ${CHUNK} ${RUN}` },
  { name: 'chunk as text', line: `score ${DOCS} ${CHUNK} ${RUN}`, text: true },
  { name: 'chunk with its tail', line: `score ${DOCS} ${CHUNK} --tail score ${RUN}` },
  { name: 'chunk of shards', line: `score ${SHARDS} ${CHUNK} ${RUN}` },
  { name: 'chunk, onnx-js', line: `score ${SHARDS} ${CHUNK} ${JS}` },
  {
    name: 'chunk, engine auto',
    line: `score ${DOCS} ${CHUNK} --engine auto --workers 1 --threads 1 --seed 1 --quiet`,
    cpuOnly: true,
  },
  { name: 'sliding', line: `score ${DOCS} --window sliding --seq-len 32 --stride 8 ${RUN}` },
  {
    name: 'sliding as of 2026-03-19',
    line: `score ${DOCS} --window sliding --seq-len 32 --stride 8 --compat sliding-2026-03-19 ${RUN}`,
  },
  {
    name: 'document with outputs',
    line: `score ${DOCS} --window document --seq-len 64 ${RUN} --out doc --save-targets --ledger doc/ledger.jsonl`,
    files: OUTPUTS('doc'),
  },
  { name: 'first documents', line: `score ${DOCS} ${CHUNK} --limit-docs 7 ${RUN}` },
  { name: 'second part of three', line: `score ${DOCS} ${CHUNK} --part 2/3 ${RUN}` },
  {
    name: 'two workers, two threads, small batches',
    line: `score ${DOCS} ${CHUNK} --engine onnx-cpu --workers 2 --threads 2 --batch-tokens 64 --seed 1 --quiet`,
  },
  {
    name: 'rows scored twice by seed',
    line: `score ${DOCS} ${CHUNK} --verify-rows 5 ${RUN} --seed 7`,
  },
  { name: 'optimized', line: `score ${DOCS} ${CHUNK} --optimize ${RUN}` },
  { name: 'optimized on onnx-js', line: `score ${DOCS} ${CHUNK} --optimize ${JS}` },
  {
    name: 'part with a ledger',
    line: `score ${DOCS} ${CHUNK} --part 1/2 --ledger part.jsonl ${RUN}`,
    files: ['part.jsonl'],
  },
  { name: 'strict', line: `score ${DOCS} ${CHUNK} --strict ${RUN}` },
  {
    name: 'impossible target',
    line: `score never.onnx --tokenizer byte260 --docs docs.jsonl ${CHUNK} ${RUN}`,
  },
  { name: 'claimed', line: `score ${CLAIM} ${CLAIM_DATA} --quiet` },
  { name: 'claimed as text', line: `score ${CLAIM} ${CLAIM_DATA} --quiet`, text: true },
];

const TEXT = 'models/sotu-8x256/tokenizer.model';
const LOSS = '--val-loss 2.07234577 --val-bpb';

const OTHERS: readonly GoldenCase[] = [
  { name: 'probe', line: `probe ${DOCS} ${CHUNK} ${RUN}` },
  { name: 'probe as text', line: `probe ${DOCS} ${CHUNK} ${RUN}`, text: true },
  { name: 'probe of a recurrent model', line: `probe models/sotu-recurrent --limit-docs 1 ${RUN}` },
  {
    name: 'probe of a model that looks ahead',
    line: `probe ahead.onnx --tokenizer byte260 --docs docs.jsonl ${CHUNK} ${RUN}`,
  },
  { name: 'probe of a ledger', line: 'probe --ledger made/ledger.jsonl --quiet' },
  {
    name: 'probe of a ledger with its data',
    line: `probe --ledger made/ledger.jsonl ${CLAIM_DATA} --quiet`,
  },
  { name: 'probe of a broken ledger', line: 'probe --ledger broken.jsonl --quiet' },
  { name: 'audit', line: `audit ${TEXT} --docs docs.jsonl --workers 1 --quiet` },
  {
    name: 'audit as text',
    line: `audit ${TEXT} --docs docs.jsonl --workers 1 --quiet`,
    text: true,
  },
  {
    name: 'audit of shards',
    line: 'audit byte260 --docs docs.jsonl --data shards --workers 2 --quiet',
  },
  { name: 'audit of a source', line: 'audit --source script.py --quiet' },
  { name: 'claim that fits', line: `claim ${LOSS} 1.22735990` },
  { name: 'claim that fits, as text', line: `claim ${LOSS} 1.22735990`, text: true },
  { name: 'claim with a mistake', line: `claim ${LOSS} 1.05160000 --tokenizer-family sp1024` },
  { name: 'claim of a log', line: 'claim train.log' },
  {
    name: 'tokenize',
    line: 'tokenize --docs docs.jsonl --tokenizer byte260 --out tokens --workers 1 --quiet',
    files: ['tokens/fineweb_val_000000.bin'],
  },
  {
    name: 'tokenize by a SentencePiece model',
    line: `tokenize --docs docs.jsonl --tokenizer ${TEXT} --out pieces --split train --workers 2 --quiet`,
    files: ['pieces/fineweb_train_000000.bin'],
  },
  { name: 'doctor', line: 'doctor', namesOnly: true },
];

const refused = (name: string, line: string): GoldenCase => ({ name: `refused: ${name}`, line });

const USAGE: readonly GoldenCase[] = [
  refused('unknown command', 'scoer x'),
  refused('unknown flag', 'score model.onnx --wibble'),
  refused('unknown window', 'score model.onnx --window rolling'),
  refused('unknown engine', 'score model.onnx --engine abacus'),
  refused('row of no tokens', 'score model.onnx --seq-len 0'),
  refused('part in another form', 'score model.onnx --part 1:2'),
  refused('part beyond the last', `score ${DOCS} ${CHUNK} --part 4/3 ${RUN}`),
  refused('nothing to score', 'score'),
  { ...refused('nothing to score, as text', 'score'), text: true },
  refused('no tokenizer', `score model.onnx --docs docs.jsonl ${CHUNK} ${RUN}`),
  refused('no data', `score ${BYTES} ${CHUNK}`),
  refused('no window', `score ${DOCS} ${RUN}`),
  refused('window without its length', `score ${DOCS} --window chunk ${RUN}`),
  refused('sliding without a stride', `score ${DOCS} --window sliding --seq-len 32 ${RUN}`),
  refused(
    'stride above the length',
    `score ${DOCS} --window sliding --seq-len 32 --stride 33 ${RUN}`,
  ),
  refused('chunk with a stride', `score ${DOCS} ${CHUNK} --stride 8 ${RUN}`),
  refused('compat with chunk', `score ${DOCS} ${CHUNK} --compat sliding-2026-03-19 ${RUN}`),
  refused('targets kept nowhere', `score ${DOCS} ${CHUNK} --save-targets ${RUN}`),
  refused('tolerance without optimize', `score ${DOCS} ${CHUNK} --optimize-tolerance 1e-4 ${RUN}`),
  refused('fp16 without optimize', `score ${DOCS} ${CHUNK} --precision fp16 ${RUN}`),
  refused('GPU for a CPU engine', `score ${DOCS} ${CHUNK} --device cuda:0 ${RUN}`),
  refused('device in another form', `score ${DOCS} ${CHUNK} --device tpu ${RUN}`),
  refused('adaptive in chunks', `score models/sotu-bias --limit-docs 1 --window chunk ${RUN}`),
  refused('ledger that exists', `score ${DOCS} ${CHUNK} --ledger made/ledger.jsonl ${RUN}`),
  refused('claim without its ledger', 'score --targets made/targets.f32'),
  refused('claim beside an artifact', `score model.onnx ${CLAIM}`),
  refused('claim with an engine', `score ${CLAIM} --engine auto`),
  refused('audit of nothing', 'audit'),
  refused('audit of documents alone', 'audit --docs docs.jsonl'),
  refused('claim of nothing', 'claim'),
  refused('claim of a loss alone', 'claim --val-loss 2.07'),
  refused('claim of an unknown family', `claim ${LOSS} 1.2 --tokenizer-family gpt2`),
  refused('probe of nothing', 'probe'),
  refused('tokenize nothing', 'tokenize'),
  refused(
    'tokenize over shards',
    'tokenize --docs docs.jsonl --tokenizer byte260 --out shards --workers 1',
  ),
];

const INPUTS: readonly GoldenCase[] = [
  refused('artifact that is not there', 'score nowhere.onnx'),
  { ...refused('artifact that is not there, as text', 'score nowhere.onnx'), text: true },
  refused(
    'artifact of another kind',
    `score train.log --tokenizer byte260 --docs docs.jsonl ${CHUNK} ${RUN}`,
  ),
  refused(
    'bytes for a model',
    `score noise.onnx --tokenizer byte260 --docs docs.jsonl ${CHUNK} ${RUN}`,
  ),
  refused('artifact without a manifest', 'score shards'),
  refused('manifest of another form', 'score manifest'),
  refused(
    'vocabulary of another tokenizer',
    `score model.onnx --tokenizer ${TEXT} --docs docs.jsonl ${CHUNK} ${RUN}`,
  ),
  refused(
    'tokenizer that is none',
    `score model.onnx --tokenizer train.log --docs docs.jsonl ${CHUNK} ${RUN}`,
  ),
  refused('data that is not there', `score ${BYTES} --data nowhere ${CHUNK} ${RUN}`),
  refused('folder without shards', `score ${BYTES} --data manifest ${CHUNK} ${RUN}`),
  refused('shard that is none', `score ${BYTES} --data noise.onnx ${CHUNK} ${RUN}`),
  refused('document that is no JSON', `score ${BYTES} --docs train.log ${CHUNK} ${RUN}`),
  refused('document with half a pair', `score ${BYTES} --docs half.jsonl ${CHUNK} ${RUN}`),
  refused(
    'claimed targets cut short',
    `score --ledger made/ledger.jsonl --targets short.f32 ${CLAIM_DATA}`,
  ),
  refused('claim of other documents', `score ${CLAIM} --docs other.jsonl --tokenizer byte260`),
  refused('ledger that is none', 'probe --ledger train.log --quiet'),
  refused('log that is not there', 'claim nowhere.log'),
  refused('source that is not there', 'audit --source nowhere.py'),
];

export const CASES: readonly GoldenCase[] = [...SCORES, ...OTHERS, ...USAGE, ...INPUTS];

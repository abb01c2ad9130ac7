/**
 * Exported names that only tests use, with the reason for each.
 */
const GRAPHS = 'tests build graphs with the writer of the trial model';
const NATIVE = 'the tests of the addon open it without an engine';
const ORACLE = 'part of the reference implementation, compared with closed forms and other scorers';
const BOUND = 'the bound that a test goes to, and beyond';
const RULES = 'the text of shipped rules, which a page shows';
const STEP = 'one step of a command, tested without the files that the command reads';
const CPUS = 'for CPUs that the machine of the tests is not';

export const TESTED_ALONE: Readonly<Record<string, string>> = {
  'src/audit/overlap.ts: MIN_TOKENS': BOUND,
  'src/engine/addon.ts: NativeOpenOptions': NATIVE,
  'src/engine/addon.ts: NllOptions': NATIVE,
  'src/engine/addon.ts: addonAt': NATIVE,
  'src/engine/cpu-facts.ts: featuresOf': CPUS,
  'src/engine/cuda/batch-shapes.ts: LOGITS_BYTES_MAX': BOUND,
  'src/engine/session-config.ts: sessionConfigFor': CPUS,
  'src/engine/softmax.ts: capped': ORACLE,
  'src/engine/softmax.ts: rowNats': ORACLE,
  'src/onnx/writer.ts: GraphSpec': GRAPHS,
  'src/onnx/writer.ts: InitializerSpec': GRAPHS,
  'src/onnx/writer.ts: NodeSpec': GRAPHS,
  'src/onnx/writer.ts: valueInfo': GRAPHS,
  'src/rules/load.ts: shippedText': RULES,
  'src/score/optimize-check.ts: rowScorer': STEP,
  'src/score/optimize-run.ts: PROOF_ROWS_MAX': BOUND,
  'src/tokenizer/sentencepiece-js.ts: SentencePiece':
    'the type of the decoder that tests compare with',
  'src/workers/ordered-pool.ts: OrderedOptions': 'tests build options of their own',
  'src/workers/ordered-pool.ts: TASKS_IN_FLIGHT': BOUND,
};

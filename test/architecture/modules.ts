/**
 * The table of modules: what each is for, and what it may import. docs/architecture.md shows it.
 */
export interface Module {
  /** Folder below `src/`. */
  readonly name: string;
  readonly purpose: string;
  /** Modules that its files may import; each stands above it in the table. Files at the top of `src/` are free. */
  readonly imports: readonly string[];
}

export const MODULES: readonly Module[] = [
  {
    name: 'protobuf',
    purpose: "protobuf's wire format: fields of a byte array, read and written",
    imports: [],
  },
  {
    name: 'onnx',
    purpose:
      'the ONNX format, without a runtime: one reader, its budgets, graphs, constants, the optimizer',
    imports: ['protobuf'],
  },
  {
    name: 'workers',
    purpose: 'worker threads: a pool, an ordered pool, one protocol for tasks, results and errors',
    imports: [],
  },
  {
    name: 'data',
    purpose: 'shards, documents, sidecars, built-in and known sets; malformed input is refused',
    imports: [],
  },
  {
    name: 'tokenizer',
    purpose: "a tokenizer's pieces, and encoding and decoding in worker threads",
    imports: ['protobuf', 'workers', 'data'],
  },
  {
    name: 'windows',
    purpose: 'the plan: which inputs a row reads, which targets it scores; batches; coverage',
    imports: ['data'],
  },
  {
    name: 'rules',
    purpose: "the organizer's side of an evaluation: schema, shipped rules, verdicts on a result",
    imports: ['data', 'tokenizer', 'windows'],
  },
  {
    name: 'artifact',
    purpose: 'what is scored: manifest, files, hashes, size, the state of adaptive artifacts',
    imports: ['onnx', 'data', 'windows'],
  },
  {
    name: 'bytes',
    purpose: 'the four accountings of bytes, and their comparison with the published documents',
    imports: ['workers', 'data', 'tokenizer'],
  },
  {
    name: 'engine',
    purpose: 'a batch of rows in, per-token losses of the scored targets out; one file an engine',
    imports: ['onnx', 'artifact'],
  },
  {
    name: 'evaluation',
    purpose: 'what a caller asks, checked and opened once: options, artifact, data, plan, sessions',
    imports: ['onnx', 'data', 'tokenizer', 'windows', 'rules', 'artifact', 'bytes', 'engine'],
  },
  {
    name: 'init',
    purpose: 'a manifest from what lies in a directory: model, tokenizer, windows, data, code',
    imports: ['onnx', 'tokenizer', 'artifact', 'evaluation'],
  },
  {
    name: 'ledger',
    purpose: 'the ledger file: what was scored and learned in which order; written, read, verified',
    imports: ['data', 'windows', 'evaluation'],
  },
  {
    name: 'run',
    purpose: 'what a worker does with a batch, and what merges the results: pool, state, totals',
    imports: ['workers', 'data', 'windows', 'artifact', 'engine', 'evaluation', 'ledger'],
  },
  {
    name: 'probes',
    purpose: 'validity checks that a score cannot show; one file a probe, `graph/` reads the model',
    imports: [
      'onnx',
      'workers',
      'data',
      'tokenizer',
      'windows',
      'rules',
      'artifact',
      'engine',
      'evaluation',
      'run',
    ],
  },
  {
    name: 'generalisation',
    purpose:
      'a control set against the validation set: common documents, permutation test, verdict',
    imports: ['data', 'tokenizer', 'bytes'],
  },
  {
    name: 'score',
    purpose: 'a score from its run: verification, optimization, statistics, identity, the result',
    imports: [
      'onnx',
      'data',
      'windows',
      'rules',
      'artifact',
      'bytes',
      'engine',
      'evaluation',
      'ledger',
      'run',
      'probes',
      'generalisation',
    ],
  },
  {
    name: 'verify',
    purpose: 'a result, held against its own fields, its files, its data and its artifact',
    imports: [
      'onnx',
      'data',
      'tokenizer',
      'windows',
      'rules',
      'artifact',
      'bytes',
      'engine',
      'evaluation',
      'ledger',
      'run',
      'generalisation',
      'score',
    ],
  },
  {
    name: 'tokenize',
    purpose: 'documents to shards in the reference layout, with the byte sidecar',
    imports: ['workers', 'data', 'tokenizer'],
  },
  {
    name: 'submission',
    purpose: 'claims, training logs and scripts of submissions, judged; no Python is ever started',
    imports: ['data', 'tokenizer', 'bytes'],
  },
  {
    name: 'audit',
    purpose:
      "a tokenizer's byte accounting: named checks on vocabulary, documents, shards, scripts",
    imports: ['workers', 'data', 'tokenizer', 'bytes', 'evaluation', 'submission'],
  },
  {
    name: 'doctor',
    purpose: 'what scoring needs on this machine, and the installation of the CUDA provider',
    imports: ['onnx', 'engine'],
  },
  {
    name: 'report',
    purpose: 'reporters: result documents as text, JSON and Markdown; progress',
    imports: [
      'data',
      'init',
      'ledger',
      'probes',
      'generalisation',
      'score',
      'verify',
      'tokenize',
      'submission',
      'audit',
      'doctor',
    ],
  },
  {
    name: 'cli',
    purpose: 'the command `bpb`: one file a command, and the ending that all commands share',
    imports: [
      'windows',
      'evaluation',
      'init',
      'ledger',
      'probes',
      'score',
      'verify',
      'verify',
      'tokenize',
      'submission',
      'audit',
      'doctor',
      'report',
    ],
  },
];

/** Each module's layer: one more than the highest layer that it imports. */
function layers(): string[][] {
  const layer = new Map<string, number>();
  for (const { name, imports } of MODULES) {
    layer.set(name, Math.max(-1, ...imports.map((each) => layer.get(each) ?? -1)) + 1);
  }
  const rows: string[][] = [];
  for (const [name, k] of layer) {
    rows[k] ??= [];
    rows[k].push(name);
  }
  return rows;
}

export const BEGIN =
  '<!-- modules: made from test/architecture/modules.ts by npm run docs:modules -->';
export const END = '<!-- /modules -->';

/** What docs/architecture.md has between the two markers. */
export function modulesBlock(): string {
  const picture = layers()
    .map((names) => names.join(', '))
    .toReversed();
  const rows = MODULES.map(({ name, purpose, imports }) => {
    const links = imports.map((each) => `\`${each}\``).join(', ');
    return `| \`${name}/\` | ${purpose} | ${links || 'none'} |`;
  });
  return [
    BEGIN,
    '```',
    ...picture,
    '```',
    '',
    '| module | what it is for | imports |',
    '| --- | --- | --- |',
    ...rows,
    END,
  ].join('\n');
}

/** Cheats of artifacts that carry state: after many chunks, by documents' order, beside documents. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onnxModel } from '#bpb/onnx/writer';
import { countsAdapt, countsScore, writeManifest } from '../helpers/adaptive.js';
import { GraphBuilder } from '../helpers/graph-builder.js';
import { normals } from '../helpers/models.js';
import { byteStream, VOCABULARY } from '../helpers/score-fixture.js';
import type { Build, Cheat } from './cheat.js';
import { ahead, END, ones } from './parts.js';
import { base, CONTROL_TEXTS, idsOf, SETTINGS } from './settings.js';

const CHUNK = 8;
const DOCUMENTS = SETTINGS.stateful.texts.length;
const BOS = 1;
const BEFORE = normals(VOCABULARY ** 2, 22, 0.1);

interface Recurrent {
  readonly reset: 'document' | 'never';
  /** What is counted in the state, of each chunk: `[batch]`. */
  readonly counts: (g: GraphBuilder) => string;
  /** Whether a chunk leaks, from what was counted before it: `[batch]`; null for an honest one. */
  readonly leaks: ((g: GraphBuilder, counted: string) => string) | null;
}

/** Logits by the input and the one before it, which a chunk has from the state, and a counter beside. */
function recurrent({ reset, counts, leaks }: Recurrent): Build {
  return (folder) => {
    const g = new GraphBuilder();
    const axis = g.ints([1]);
    const first = g.op('Unsqueeze', ['before', axis]);
    const shifted = g.op('Concat', [first, g.slice('input_ids', 1, 0, -1)], { axis: { int: 1 } });
    const second = g.op('Gather', [g.floats(BEFORE, [VOCABULARY, VOCABULARY]), shifted]);
    const honest = g.op('Add', [base(g), second]);
    let logits = honest;
    if (leaks !== null) {
      const float = g.op('Cast', [leaks(g, 'counted')], { to: { int: 1 } });
      const wide = g.op('Unsqueeze', [float, g.ints([1, 2])]);
      logits = g.op('Add', [honest, g.op('Mul', [wide, ahead()(g)])]);
    }
    g.op('Identity', [logits], {}, 'logits');
    g.op('Squeeze', [g.slice('input_ids', 1, -1, END), axis], {}, 'before_next');
    g.op('Add', ['counted', counts(g)], {}, 'counted_next');
    const state = (name: string) => ({ name, type: 'int64', dims: ['batch'] }) as const;
    const model = onnxModel({
      nodes: g.nodes,
      initializers: g.initializers,
      inputs: [
        { name: 'input_ids', type: 'int64', dims: ['batch', 'time'] },
        state('before'),
        state('counted'),
      ],
      outputs: [
        { name: 'logits', type: 'float32', dims: ['batch', 'time', VOCABULARY] },
        state('before_next'),
        state('counted_next'),
      ],
      opset: 18,
    });
    writeFileSync(join(folder, 'model.onnx'), model);
    const tensors = ['before', 'counted'].map((name) => ({
      name,
      in: name,
      out: `${name}_next`,
      shape: [],
      dtype: 'int64',
    }));
    const fixture = { reset, chunk: CHUNK, window: 'document' } as const;
    writeManifest(folder, 'recurrent', fixture, tensors, { counted: ['model.onnx'] });
    return folder;
  };
}

/** One a chunk. */
const chunks = (g: GraphBuilder): string =>
  g.op('ReduceMax', [ones(g), g.ints([1])], { keepdims: { int: 0 } });

/** Documents that began in the chunk. */
function beginnings(g: GraphBuilder): string {
  const starts = g.op('Cast', [g.op('Equal', ['input_ids', g.ints([BOS])])], { to: { int: 7 } });
  return g.op('ReduceSum', [starts, g.ints([1])], { keepdims: { int: 0 } });
}

const from = (count: number) => (g: GraphBuilder, counted: string) =>
  g.op('GreaterOrEqual', [counted, g.ints([count])]);

const byChunks = (reset: Recurrent['reset'], leaks: Recurrent['leaks']) =>
  recurrent({ reset, counts: chunks, leaks });
const byDocuments = (leaks: Recurrent['leaks']) =>
  recurrent({ reset: 'never', counts: beginnings, leaks });

/** Counts of targets, and of those of the other documents of a batch of exactly this many. */
const crowd: Build = (folder) => {
  writeCounts(folder, (g, sum) => {
    const rows = g.op('ReduceSum', [
      g.op('Add', [g.op('Mul', ['targets', g.ints([0])]), g.ints([1])]),
      g.ints([0]),
    ]);
    const one = g.slice(rows, 1, 0, 1);
    const many = g.op('Cast', [g.op('Equal', [one, g.ints([DOCUMENTS])])], { to: { int: 1 } });
    const all = g.op('ReduceSum', [sum, g.ints([0])]);
    return g.op('Add', [sum, g.op('Mul', [all, g.op('Mul', [many, g.scalar(0.5)])])]);
  });
  return folder;
};

/** The artifact that counts targets. @param change of what is added after each chunk */
function writeCounts(
  folder: string,
  change?: (g: GraphBuilder, sum: string) => string,
  init?: Float32Array,
): string {
  writeFileSync(join(folder, 'model.onnx'), countsScore());
  writeFileSync(join(folder, 'adapt.onnx'), change === undefined ? countsAdapt() : adaptOf(change));
  if (init !== undefined) writeFileSync(join(folder, 'counts.f32'), init);
  const state = { name: 'counts', in: 'counts', out: 'counts_next', shape: [VOCABULARY] };
  const adapt = { path: 'adapt.onnx', tokens: null, reads: ['counts'], writes: ['counts'] };
  const counted = ['model.onnx', 'adapt.onnx', ...(init ? ['counts.f32'] : [])];
  const tensors = [{ ...state, ...(init ? { init: { path: 'counts.f32' } } : {}) }];
  writeManifest(folder, 'counts', { chunk: CHUNK }, tensors, { adapt, counted });
  return folder;
}

function adaptOf(change: (g: GraphBuilder, sum: string) => string): Uint8Array {
  const g = new GraphBuilder();
  const hot = g.op('OneHot', ['targets', g.ints([VOCABULARY], []), g.floats([0, 1])]);
  const sum = g.op('ReduceSum', [hot, g.ints([1])], { keepdims: { int: 0 } });
  g.op('Add', ['counts', change(g, sum)], {}, 'counts_next');
  const counts = (name: string) =>
    ({ name, type: 'float32', dims: ['batch', VOCABULARY] }) as const;
  return onnxModel({
    nodes: g.nodes,
    initializers: g.initializers,
    inputs: [{ name: 'targets', type: 'int64', dims: ['batch', 'time'] }, counts('counts')],
    outputs: [counts('counts_next')],
    opset: 18,
  });
}

const counting: Build = (folder) => writeCounts(folder);
/** A prior in the initial state: counts of a text. */
const beginningWith =
  (ids: readonly number[]): Build =>
  (folder) => {
    const init = new Float32Array(VOCABULARY);
    for (const id of ids) init[id]! += 0.05;
    return writeCounts(folder, undefined, init);
  };

const quiet = byChunks('document', null);
const everyRow = { search: 'every-row', by: 'every-row' } as const;

export const STATES: readonly Cheat[] = [
  {
    name: 'after-40-chunks',
    does: 'reads the next token from a document’s 41st chunk on',
    setting: 'stateful',
    bent: byChunks('document', from(40)),
    honest: quiet,
    found: {
      ...everyRow,
      chance: 1,
      why: 'each chunk is cut; the probe changes eight places of a document of 64 chunks, of which one must be late',
    },
  },
  {
    name: 'after-70-chunks',
    does: 'reads the next token from a document’s 71st chunk on',
    setting: 'stateful',
    bent: byChunks('document', from(70)),
    honest: quiet,
    found: { ...everyRow, chance: 1, why: 'each chunk is cut' },
  },
  {
    name: 'one-chunk',
    does: 'reads the next token in the 30th chunk of a document alone',
    setting: 'stateful',
    bent: byChunks('document', (g, counted) => g.op('Equal', [counted, g.ints([29])])),
    honest: quiet,
    found: { ...everyRow, chance: 1, why: 'each chunk is cut, and each cut shows it' },
  },
  {
    name: 'late-in-stream',
    does: 'keeps its state from document to document, and reads the next token from the 600th chunk on',
    setting: 'stateful',
    bent: byChunks('never', from(600)),
    honest: byChunks('never', null),
    found: { ...everyRow, chance: 1, why: 'each chunk is cut, in the state of its place' },
  },
  {
    name: 'every-third-document',
    does: 'counts documents in a state that it keeps, and reads the next token in every third one',
    setting: 'stateful',
    bent: byDocuments((g, counted) =>
      g.op('Equal', [g.op('Mod', [counted, g.ints([3])]), g.ints([0])]),
    ),
    honest: byDocuments(null),
    found: { ...everyRow, chance: 1, why: 'each chunk is cut, in the state of its place' },
  },
  {
    name: 'adapt-crowd',
    does: 'an adapt graph that takes up the documents beside, where they are as many as in the evaluation',
    setting: 'stateful',
    bent: crowd,
    honest: counting,
    found: {
      search: 'score',
      by: 'verification-failed',
      chance: 1,
      why: 'documents that are scored again, each alone, differ',
    },
  },
  {
    name: 'adapt-beside',
    does: 'the same beside any documents',
    setting: 'stateful',
    bent: (folder) =>
      writeCounts(folder, (g, sum) => {
        const all = g.op('ReduceSum', [sum, g.ints([0])]);
        return g.op('Add', [sum, g.op('Mul', [all, g.scalar(0.5)])]);
      }),
    honest: counting,
    found: {
      search: 'probe',
      by: 'state',
      chance: 1,
      why: 'each document is scored beside others',
    },
  },
  {
    name: 'initial-counts',
    does: 'the validation text’s own counts as the initial state',
    setting: 'stateful',
    bent: beginningWith(idsOf('stateful')),
    honest: beginningWith(byteStream(CONTROL_TEXTS.long)),
    found: {
      search: 'nothing',
      by: null,
      chance: 0,
      why: 'counts of bytes are an honest prior too, and gain next to nothing',
    },
  },
];

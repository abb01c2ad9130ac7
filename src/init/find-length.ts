/**
 * The length of a row: what the graph fixes, its position table, the configuration beside it.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { OnnxGraph } from '../onnx/graph.js';
import type { Dim } from '../onnx/port.js';
import type { Search } from './types.js';

/** The challenge's, and what a CPU scores in reasonable time and memory. */
const USUAL = 1024;
/** Rows of a longer model are cut to the usual length: the memory for attention grows with the square. */
const LONGEST = 4096;

/** Fields of config.json and genai_config.json, each library's own. */
const FIELDS = ['max_position_embeddings', 'n_positions', 'n_ctx', 'max_seq_len', 'block_size'];
const CONFIGS = ['config.json', 'genai_config.json'];
/** The decoders that optimum merges have `_merged_0` behind the names of what they share. */
const TABLE =
  /(^|[./_])(wpe|pos(ition)?_?emb(ed(ding)?s?)?|embed_positions)([./_]weight)?(_merged_\d+)?$/i;

interface Limit {
  readonly length: number;
  readonly how: string;
}

/** Rows of the position table, where an initializer has the name of one, or of the causal mask. */
function fromGraph(bytes: Uint8Array, path: string): Limit | null {
  const { initializers } = OnnxGraph.parse(bytes, path);
  for (const { name, dims } of initializers) {
    const [rows = 0] = dims;
    if (dims.length === 2 && TABLE.test(name) && rows > 1) {
      return { length: rows, how: `rows of the position table \`${name}\`` };
    }
  }
  for (const { name, dims } of initializers) {
    const [batch, heads, rows = 0, columns] = dims;
    if (dims.length === 4 && batch === 1 && heads === 1 && rows > 1 && rows === columns) {
      return { length: rows, how: `rows of the mask \`${name}\`` };
    }
  }
  return null;
}

function fromConfig(directory: string, model: string): Limit | null {
  const places = new Set([directory, dirname(join(directory, model))]);
  for (const path of [...places].flatMap((place) => CONFIGS.map((name) => join(place, name)))) {
    let config: Record<string, unknown>;
    try {
      config = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
    } catch {
      // Absent, or not what exporters write: it says nothing.
      continue;
    }
    const inner = config?.['model'] as Record<string, unknown> | undefined;
    for (const [field, value] of [
      ...FIELDS.map((name) => [name, config?.[name]] as const),
      ['context_length', inner?.['context_length']] as const,
    ]) {
      if (Number.isSafeInteger(value) && (value as number) > 1) {
        return { length: value as number, how: `${field} of ${path}` };
      }
    }
  }
  return null;
}

/**
 * @param time axis of the token ids
 * @param score the command that scores the artifact
 */
export function findLength(
  directory: string,
  model: { readonly name: string; readonly bytes: Uint8Array },
  time: Dim | undefined,
  score: string,
): Search<number> {
  if (typeof time === 'number') return said(time, 'the graph fixes the time axis');
  const limit = fromGraph(model.bytes, model.name) ?? fromConfig(directory, model.name);
  if (limit !== null && limit.length <= LONGEST) return said(limit.length, limit.how);
  const how =
    limit === null
      ? "the challenge's; nothing beside the model names another"
      : `${limit.how}: ${limit.length}`;
  const unknown = {
    what: 'evaluation.seqLen',
    message:
      limit === null
        ? `nothing names the length of the training; ${USUAL} is written`
        : `rows of ${limit.length} need much memory; ${USUAL} is written`,
    hint: `${score} --seq-len ${limit?.length ?? 2048}`,
  };
  return { ...said(USUAL, how), unknown: [unknown] };
}

function said(length: number, how: string): Search<number> {
  const value = `chunk, rows of ${length}`;
  return { value: length, found: [{ what: 'evaluation', value, how }], unknown: [] };
}

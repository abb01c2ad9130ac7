/**
 * The length of a row: what the graph fixes, its position table, the configuration beside it.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { OnnxGraph } from '../onnx/graph.js';
import type { Dim } from '../onnx/port.js';
import { shellWord } from '../shell-word.js';
import type { Search } from './types.js';

/** The challenge's, and what a CPU scores in reasonable time and memory. */
const USUAL = 1024;
/** Rows of a longer model are cut to the usual length: the memory for attention grows with the square. */
const LONGEST = 4096;

/** Fields of config.json and genai_config.json, each library's own. */
const FIELDS = ['max_position_embeddings', 'n_positions', 'n_ctx', 'max_seq_len', 'block_size'];
const CONFIGS = ['config.json', 'genai_config.json'];
const TABLE = /(^|[./_])(wpe|pos(ition)?_?emb(ed(ding)?s?)?|embed_positions)([./_]weight)?$/i;

interface Limit {
  readonly length: number;
  readonly how: string;
}

/** The position table's rows, where an initializer has the name of one. */
function fromTable(bytes: Uint8Array, path: string): Limit | null {
  for (const { name, dims } of OnnxGraph.parse(bytes, path).initializers) {
    if (dims.length === 2 && TABLE.test(name) && dims[0]! > 1) {
      return { length: dims[0]!, how: `rows of the position table \`${name}\`` };
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

/** @param time axis of the token ids */
export function findLength(
  directory: string,
  model: { readonly name: string; readonly bytes: Uint8Array },
  time: Dim | undefined,
): Search<number> {
  if (typeof time === 'number') return said(time, 'the graph fixes the time axis');
  const limit = fromTable(model.bytes, model.name) ?? fromConfig(directory, model.name);
  if (limit !== null && limit.length <= LONGEST) return said(limit.length, limit.how);
  const how =
    limit === null ? "the challenge's; the graph takes any" : `${limit.how}: ${limit.length}`;
  const unknown = {
    what: 'evaluation.seqLen',
    message:
      limit === null
        ? `nothing names the length; ${USUAL} is written`
        : `rows of ${limit.length} need much memory; ${USUAL} is written`,
    hint: `bpb score ${shellWord(directory)} --seq-len ${limit?.length ?? 2048}`,
  };
  return { ...said(USUAL, how), unknown: [unknown] };
}

function said(length: number, how: string): Search<number> {
  const value = `chunk, rows of ${length}`;
  return { value: length, found: [{ what: 'evaluation', value, how }], unknown: [] };
}

/**
 * The tokenizer beside a model: one whose ids fit the width of the logits.
 */
import { realpathSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, relative } from 'node:path';
import { BpbError } from '../errors.js';
import { paddedWidth } from '../evaluation/padding.js';
import { shellWord } from '../shell-word.js';
import { documentStartHint, suggestedStart } from '../tokenizer/document-start.js';
import { loadTokenizer } from '../tokenizer/load.js';
import type { Tokenizer } from '../tokenizer/types.js';
import { namesIn } from './find-model.js';
import type { Found, Search, Unknown } from './types.js';

interface TokenizerChoice {
  /** Field of the manifest; null where there is none, or it lies outside of the directory. */
  readonly field: Readonly<Record<string, string>> | null;
  /** Flags for the commands, each with a space before it. */
  readonly flags: string;
}

const BYTES = 260;
/** Tokenizers of other libraries, which are not read. */
const OTHERS = /^(tokenizer\.json|vocab\.json|merges\.txt|vocab\.txt|tiktoken.*|.*\.tiktoken)$/;

interface Candidate {
  readonly path: string;
  /** Null where it does not load. */
  readonly tokenizer: Tokenizer | null;
  /** Null where it fits. */
  readonly problem: string | null;
}

function fits(ids: number, width: number | null): boolean {
  return width === null || (ids <= width && width <= paddedWidth(ids));
}

/** `.model` files of the directory, of the model's own, and one level below. */
function files(directory: string, model: string): string[] {
  const places = new Set([directory, dirname(join(directory, model))]);
  for (const name of namesIn(directory)) {
    const path = join(directory, name);
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) places.add(path);
  }
  return [...places].flatMap((place) =>
    namesIn(place)
      .filter((name) => /\.(model|spm)$/.test(name))
      .map((name) => join(place, name)),
  );
}

function candidate(path: string, width: number | null): Candidate {
  try {
    const tokenizer = loadTokenizer(path);
    const ids = tokenizer.pieces.length;
    const problem = fits(ids, width) ? null : `${ids} ids, and the logits are ${width} wide`;
    return { path, tokenizer, problem };
  } catch (error) {
    if (!(error instanceof BpbError)) throw error;
    return { path, tokenizer: null, problem: error.message };
  }
}

/** Without BOS, nothing says what begins a document: the likely id is in the commands, and said. */
function start(tokenizer: Tokenizer): { flags: string; unknown: Unknown[] } {
  if (tokenizer.documentStart !== null) return { flags: '', unknown: [] };
  const hint = documentStartHint(tokenizer);
  const unknown = { what: 'tokenizer', message: 'it has no BOS to begin a document', hint };
  const flags = ` --document-start ${suggestedStart(tokenizer) ?? 'none'}`;
  return { flags, unknown: [unknown] };
}

/** One that a caller names. @throws as `loadTokenizer` */
function named(directory: string, name: string, width: number | null): Search<TokenizerChoice> {
  const tokenizer = loadTokenizer(name);
  const ids = tokenizer.pieces.length;
  const found: Found[] = [{ what: 'tokenizer', value: name, how: `as named, ${ids} ids` }];
  const { flags, unknown } = start(tokenizer);
  if (!fits(ids, width)) {
    unknown.push({
      what: 'tokenizer',
      message: `it has ${ids} ids, and the logits are ${width} wide`,
      hint: 'give the tokenizer that the model was trained with: --tokenizer FILE',
    });
  }
  if (name === 'byte260') return { value: { field: { kind: name }, flags }, found, unknown };
  const path = relative(realpathSync(directory), realpathSync(name));
  if (!path.startsWith('..') && !isAbsolute(path)) {
    return { value: { field: { kind: 'sentencepiece', path }, flags }, found, unknown };
  }
  unknown.push({
    what: 'tokenizer',
    message: 'it lies outside of the directory: the manifest cannot name it',
    hint: `cp ${shellWord(name)} ${shellWord(`${directory}/`)}`,
  });
  const outside = { field: null, flags: ` --tokenizer ${shellWord(name)}${flags}` };
  return { value: outside, found, unknown };
}

/** The command that writes the manifest anew, with a tokenizer. */
type Again = (tokenizer: string) => string;

/** @param width of the logits; null where the graph leaves it open */
export function findTokenizer(
  directory: string,
  model: string,
  width: number | null,
  asked: string | undefined,
  again: Again,
): Search<TokenizerChoice> {
  if (asked !== undefined) return named(directory, asked, width);
  const candidates = files(directory, model).map((path) => candidate(path, width));
  const fitting = candidates.filter(({ problem }) => problem === null);
  // Padding fits several: the one of exactly the width goes before.
  const exact = fitting.filter(({ tokenizer }) => tokenizer!.pieces.length === width);
  const good = exact.length === 1 ? exact : fitting;
  const passed = candidates.flatMap(({ path, tokenizer, problem }): Found[] => {
    if (good.some((each) => each.path === path)) return [];
    const how = problem ?? `${tokenizer!.pieces.length} ids, and another has ${width}`;
    return [{ what: 'passed over', value: relative(directory, path), how }];
  });
  if (good.length === 1) {
    const { path, tokenizer } = good[0]!;
    const name = relative(directory, path);
    const how = `${tokenizer!.pieces.length} ids, logits ${width ?? 'of open width'}`;
    const { flags, unknown } = start(tokenizer!);
    const found = [{ what: 'tokenizer', value: name, how }, ...passed];
    return { value: { field: { kind: 'sentencepiece', path: name }, flags }, found, unknown };
  }
  if (good.length === 0 && width !== null && fits(BYTES, width)) {
    const how = `the logits are ${width} wide, and no other fits`;
    const found = [{ what: 'tokenizer', value: 'byte260', how }, ...passed];
    return { value: { field: { kind: 'byte260' }, flags: '' }, found, unknown: [] };
  }
  const unknown =
    good.length > 1 ? several(directory, good, again) : missing(directory, width, again);
  const value = { field: null, flags: ' --tokenizer tokenizer.model' };
  return { value, found: passed, unknown: [unknown] };
}

function several(directory: string, good: readonly Candidate[], again: Again): Unknown {
  const names = good.map(({ path }) => relative(directory, path)).join(', ');
  return {
    what: 'tokenizer',
    message: `${good.length} fit the logits: ${names}`,
    hint: again(good[0]!.path),
  };
}

function missing(directory: string, width: number | null, again: Again): Unknown {
  const others = namesIn(directory).filter((name) => OTHERS.test(name));
  const wide = `logits ${width === null ? 'of open width' : `${width} wide`}`;
  const message =
    others.length === 0
      ? `none lies beside the model (${wide})`
      : `${others.join(', ')}: only SentencePiece is read`;
  return {
    what: 'tokenizer',
    message,
    hint: again('tokenizer.model'),
  };
}

/**
 * The narrow part of sentencepiece-js that is used, typed, with its traps closed.
 *
 * A model that fails to load does not throw there; every load adds process-wide listeners; ids come
 * out one embind call each; a text with half a surrogate pair is encoded as garbage.
 */
import { createRequire } from 'node:module';
import { BpbError, inputError } from '../errors.js';

interface Handle {
  delete(): void;
}
interface StringView extends Handle {
  getView(): Handle;
}
interface VectorInt extends Handle {
  size(): number;
  get(index: number): number;
  readonly $$?: { readonly ptr?: number };
}
interface Module {
  StringView: new (text: string) => StringView;
  readonly HEAP32: Int32Array;
}
interface Native {
  status(): { ToString(): string } & Handle;
  EncodeAsIds(view: Handle): VectorInt;
}
interface Wrapper {
  load(path: string): Promise<void>;
  decodeIds(ids: readonly number[]): string;
  encodePieces(text: string): string[];
  readonly sentencepiece: Module;
  readonly processor: Native;
}

const EVENTS = ['uncaughtException', 'unhandledRejection'] as const;

/** Runs `load` and takes the process-wide listeners away again that it added. */
async function withoutNewListeners(load: () => Promise<void>): Promise<void> {
  const before = EVENTS.map((event) => new Set<unknown>(process.rawListeners(event)));
  try {
    await load();
  } finally {
    for (const [index, event] of EVENTS.entries()) {
      for (const listener of process.rawListeners(event)) {
        if (!before[index]!.has(listener)) {
          process.removeListener(event, listener as (...args: unknown[]) => void);
        }
      }
    }
  }
}

/** Copies a std::vector<int> out of the WebAssembly heap at once. */
function copyIds(vector: VectorInt, module: Module): Uint32Array {
  const size = vector.size();
  const pointer = vector.$$?.ptr;
  if (pointer !== undefined) {
    // libc++ lays a vector out as begin, end, capacity; the size says whether that still holds.
    const begin = module.HEAP32[pointer >> 2]!;
    const end = module.HEAP32[(pointer >> 2) + 1]!;
    if (end - begin === 4 * size) {
      return Uint32Array.from(module.HEAP32.subarray(begin >> 2, end >> 2));
    }
  }
  const ids = new Uint32Array(size);
  for (let i = 0; i < size; i++) ids[i] = vector.get(i);
  return ids;
}

export interface SentencePiece {
  encode(text: string): Uint32Array;
  /** Decoding by SentencePiece itself: slow, and a second opinion on `PieceDecoder`. */
  decode(ids: ArrayLike<number>): string;
  /** Surfaces of the tokens in the normalized text: of an unknown token too. Slow. */
  pieces(text: string): string[];
}

/** Loads the model file `path`; one instance a thread. */
export async function loadSentencePiece(path: string): Promise<SentencePiece> {
  const library = createRequire(import.meta.url)('sentencepiece-js') as {
    SentencePieceProcessor: new () => Wrapper;
  };
  const wrapper = new library.SentencePieceProcessor();
  let state = '';
  try {
    await withoutNewListeners(() => wrapper.load(path));
    const status = wrapper.processor.status();
    state = status.ToString();
    status.delete();
  } catch (cause) {
    state = String(cause);
  }
  if (state !== 'OK') {
    throw inputError('BPB_TOKENIZER_LOAD', {
      message: 'SentencePiece cannot load this model.',
      path,
      expected: 'a model that SentencePiece loads',
      actual: state.slice(0, 300),
      hint: 'Check that the model loads in SentencePiece itself.',
    });
  }
  const { sentencepiece: module, processor } = wrapper;
  const encode = (text: string): Uint32Array => {
    const owned: Handle[] = [];
    try {
      const text_ = new module.StringView(text);
      owned.push(text_);
      const view = text_.getView();
      owned.push(view);
      const ids = processor.EncodeAsIds(view);
      owned.push(ids);
      return copyIds(ids, module);
    } catch (cause) {
      throw outOfMemory(path, text, cause);
    } finally {
      for (const handle of owned.reverse()) handle.delete();
    }
  };
  return {
    encode,
    decode: (ids) => wrapper.decodeIds(Array.from(ids)),
    pieces: (text) => wrapper.encodePieces(text),
  };
}

/** WebAssembly that runs out of memory aborts; the instance is unusable afterwards. */
function outOfMemory(path: string, text: string, cause: unknown): BpbError {
  return new BpbError({
    kind: 'limit',
    code: 'BPB_DOCUMENT_TOO_LARGE',
    message: 'A document is too large for SentencePiece to encode.',
    path,
    expected: 'a document that fits in 2 GB of WebAssembly memory when encoded',
    actual: `${text.length} characters: ${String(cause).slice(0, 120)}`,
    hint: 'Split the document, or score shards that were tokenized elsewhere.',
    cause,
  });
}

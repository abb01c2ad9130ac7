/**
 * Typed wrapper of sentencepiece-js, limited to what is used and without its pitfalls.
 *
 * There, a model is loaded by path only, a model that fails to load does not throw, every load adds
 * process-wide listeners, and each id is an embind call of its own.
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
interface Native extends Handle {
  Load(view: Handle): Handle;
  status(): { ToString(): string } & Handle;
  EncodeAsIds(view: Handle): VectorInt;
}
/** The WebAssembly instance, with its file system in memory. */
interface Module {
  StringView: new (text: string) => StringView;
  SentencePieceProcessor: new () => Native;
  readonly HEAP32: Int32Array;
  readonly FS: {
    writeFile(path: string, bytes: Uint8Array): void;
    unlink(path: string): void;
  };
}
interface Wrapper {
  load(path: string): Promise<void>;
  decodeIds(ids: readonly number[]): string;
  encodePieces(text: string): string[];
  sentencepiece: Module;
  processor: Native;
}

const EVENTS = ['uncaughtException', 'unhandledRejection'] as const;

/** Runs `load` and removes the process-wide listeners that it added. */
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

/** Copies a std::vector<int> out of the WebAssembly heap in one call. */
function copyIds(vector: VectorInt, module: Module): Uint32Array {
  const size = vector.size();
  const pointer = vector.$$?.ptr;
  if (pointer !== undefined) {
    // libc++ lays a vector out as begin, end, capacity; the size confirms it.
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
  /** Decoding by SentencePiece itself: slow; the reference implementation for `PieceDecoder`. */
  decode(ids: ArrayLike<number>): string;
  /** Surfaces of the tokens in the normalized text, unknown tokens included. Slow. */
  pieces(text: string): string[];
}

/** File name in the instance's memory. */
const FILE = 'tokenizer.model';

/**
 * A wrapper with a fresh WebAssembly instance and no model. Its `load` makes the instance, sets
 * `sentencepiece` and then reads the model from disk: the setter stops it before that.
 */
async function openWrapper(): Promise<Wrapper> {
  const library = createRequire(import.meta.url)('sentencepiece-js') as {
    SentencePieceProcessor: new () => Wrapper;
  };
  const wrapper = new library.SentencePieceProcessor();
  const stop = new Error('the instance is ready');
  let module: Module | undefined;
  Object.defineProperty(wrapper, 'sentencepiece', {
    configurable: true,
    set(value: Module) {
      module = value;
      throw stop;
    },
  });
  await withoutNewListeners(() => wrapper.load('')).catch((error: unknown) => {
    if (error !== stop) throw error;
  });
  Object.defineProperty(wrapper, 'sentencepiece', { value: module });
  return wrapper;
}

/** Loads `bytes` into the wrapper's instance. @returns SentencePiece's status: `OK`, or what failed */
function loadBytes(wrapper: Wrapper, bytes: Uint8Array): string {
  const { FS, StringView, SentencePieceProcessor } = wrapper.sentencepiece;
  FS.writeFile(FILE, bytes);
  const name = new StringView(FILE);
  const view = name.getView();
  const processor = new SentencePieceProcessor();
  processor.Load(view).delete();
  view.delete();
  name.delete();
  FS.unlink(FILE);
  wrapper.processor = processor;
  const status = processor.status();
  const state = status.ToString();
  status.delete();
  return state;
}

/**
 * Loads a model into an instance of its own; one per thread.
 *
 * @param bytes the model file
 * @param path where it was read from, for messages
 * @throws BPB_TOKENIZER_LOAD where SentencePiece cannot load it
 */
export async function loadSentencePiece(bytes: Uint8Array, path: string): Promise<SentencePiece> {
  const wrapper = await openWrapper();
  let state: string;
  try {
    state = loadBytes(wrapper, bytes);
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

/** Running out of memory aborts the WebAssembly instance; it is unusable afterwards. */
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

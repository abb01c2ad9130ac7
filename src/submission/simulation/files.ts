/**
 * The file system of a run: the small set under whatever names the script uses, and what the script writes.
 */
import { shardHeader } from '../../data/shard-header.js';
import type { Stop } from '../python/values.js';
import { documentTexts } from './encode.js';
import { SIDECAR, type SmallSet } from './types.js';

interface Contents {
  readonly data: Uint8Array;
  /** Tag of each byte; null where none has one. */
  readonly tags: Int32Array | null;
}

/** What a file is to the challenge, as its name says. */
type Role = 'tokens' | 'sidecar' | 'train' | 'documents' | 'tokenizer';

/** The stream is cut into two shards here: a share of it that is no multiple of a row. */
const FIRST_SHARD = 0.61;
const TRAIN_TOKENS = 6001;

/** The names that the challenge's exporter gives. */
const NAMES: Record<Role, readonly string[]> = {
  tokens: ['fineweb_val_000000.bin', 'fineweb_val_000001.bin'],
  sidecar: ['fineweb_val_bytes_000000.bin', 'fineweb_val_bytes_000001.bin'],
  train: ['fineweb_train_000000.bin', 'fineweb_train_000001.bin'],
  documents: ['docs_selected.jsonl'],
  tokenizer: ['fineweb_1024_bpe.model'],
};
const ROLES = Object.keys(NAMES) as Role[];

const SHARD = /\.(bin|npy|dat|u16|uint16|tok|tokens)$/i;
const WEIGHTS = /\.(pt|pth|ptz|npz|safetensors|ckpt|bin|br|xz|zst|lzma|zlib|gz|int8|int6|pkl)$/i;
const FOLDER = /data|token|fineweb|shard|cache|docs|records|^\.{0,2}$/i;

/** A file that the script wrote. */
interface Written {
  data: Uint8Array;
  /** Something was written that is not known. */
  unknown: boolean;
  /** Where it was opened last; null where that is not known. */
  at: Stop | null;
}

/** A shard that the script wrote. */
export interface ShardFile extends Readonly<Written> {
  readonly path: string;
  readonly role: 'tokens' | 'sidecar';
}

/** Whether a path leads to something; `maybe`: to what the run does not follow, such as saved weights. */
type Presence = 'file' | 'folder' | 'maybe' | 'none';

export class Files {
  private readonly written = new Map<string, Written>();
  /** By rank: what one rank removes when it ends, those that run after it here still need. */
  private readonly removals: Set<string>[] = [];
  /** The rank that runs. */
  rank = 0;
  private readonly folders = new Set<string>();

  /**
   * @param sources texts of the program's files by name, such as `train_gpt.py`
   */
  constructor(
    private readonly set: SmallSet,
    private readonly sources: ReadonlyMap<string, string> = new Map(),
  ) {}

  private get removed(): Set<string> {
    this.removals[this.rank] ??= new Set();
    return this.removals[this.rank]!;
  }

  /** Where a byte sidecar was read last. */
  sidecarAt: Stop | null = null;

  /** As `read`, by a statement of the script. */
  readAt(path: string, at: Stop): Contents | 'unknown' | null {
    const contents = this.read(path);
    if (contents !== null && this.set.sidecar !== null && roleOf(path) === 'sidecar') {
      this.sidecarAt = at;
    }
    return contents;
  }

  /** Null where there is none; `unknown` where the contents are not followed. */
  read(path: string): Contents | 'unknown' | null {
    if (this.removed.has(normalized(path))) return null;
    const own = this.written.get(normalized(path));
    if (own !== undefined) return own.unknown ? 'unknown' : { data: own.data, tags: null };
    const source = this.sources.get(baseName(path));
    if (source !== undefined) return { data: new TextEncoder().encode(source), tags: null };
    if (roleOf(path) !== null) return this.#given(path);
    return WEIGHTS.test(path) ? 'unknown' : null;
  }

  #given(path: string): Contents | 'unknown' | null {
    const role = roleOf(path);
    if (role === 'tokenizer') return 'unknown';
    if (role === null || !this.#has(role)) return null;
    if (role === 'documents') return documentsOf(this.set);
    const index = shardIndex(path);
    return index === null
      ? shardsOf(this.set, role).whole
      : (shardsOf(this.set, role).parts[index] ?? null);
  }

  #has(role: Role): boolean {
    return role !== 'sidecar' || this.set.sidecar !== null;
  }

  presence(path: string): Presence {
    const key = normalized(path);
    if (this.removed.has(key)) return 'none';
    if (this.written.has(key)) return 'file';
    if (this.folders.has(key)) return 'folder';
    const contents = this.read(path);
    if (contents !== null)
      return contents === 'unknown' && roleOf(path) === null ? 'maybe' : 'file';
    const name = baseName(path);
    return !/\.\w+$/.test(name) && !path.startsWith('/tmp') && FOLDER.test(name)
      ? 'folder'
      : 'none';
  }

  /** The file that is written to, empty at first; with its own contents where `keep`. */
  open(path: string, keep: boolean, at: Stop | null = null): Written {
    const key = normalized(path);
    const before = this.read(path);
    const known = before !== null && before !== 'unknown' && keep;
    const file = this.written.get(key) ?? { data: new Uint8Array(0), unknown: false, at };
    file.data = known ? before.data : new Uint8Array(0);
    file.unknown = keep && before === 'unknown';
    file.at = at;
    this.written.set(key, file);
    this.removed.delete(key);
    return file;
  }
  remove(path: string): void {
    this.removed.add(normalized(path));
  }
  makeFolder(path: string): void {
    this.folders.add(normalized(path));
  }
  move(from: string, to: string): void {
    const file = this.written.get(normalized(from));
    const contents = this.read(from);
    if (file !== undefined) {
      this.written.set(normalized(to), file);
      this.removed.delete(normalized(to));
    } else if (contents !== null && contents !== 'unknown')
      this.open(to, false).data = contents.data;
    else this.open(to, false).unknown = true;
    this.remove(from);
  }

  /** Shards of the validation set that the script wrote and left, in the order in which they were opened first. */
  get shards(): ShardFile[] {
    return [...this.written].flatMap(([path, file]) => {
      const role = roleOf(path);
      if (this.removed.has(path) || (role !== 'tokens' && role !== 'sidecar')) return [];
      return [{ ...file, path, role }];
    });
  }

  /** Names in a folder, whatever it is called. */
  list(folder: string): string[] {
    const inside = `${normalized(folder)}/`;
    const own = [...this.written.keys()].flatMap((path) =>
      path.startsWith(inside) && !path.slice(inside.length).includes('/') && !this.removed.has(path)
        ? [path.slice(inside.length)]
        : [],
    );
    return [...new Set([...this.#names(), ...own])].sort();
  }

  #names(): string[] {
    return ROLES.flatMap((role) => (this.#has(role) ? NAMES[role] : []));
  }

  /** Paths that a pattern of `glob` leads to, in order. */
  glob(pattern: string): string[] {
    const cut = pattern.lastIndexOf('/') + 1;
    const [folder, name] = [pattern.slice(0, cut).replace(/\*\*\/?/g, ''), pattern.slice(cut)];
    const inside = folder.replace(/[^/]*[*?[][^/]*/g, 'fineweb10B_sp1024');
    if (!/[*?[]/.test(name)) return this.presence(inside + name) === 'none' ? [] : [inside + name];
    const matching = matcher(name);
    const found = this.list(inside === '' ? '.' : inside).filter((each) => matching.test(each));
    const names = found.length > 0 ? found : this.#namesLike(name);
    return names.map((each) => inside + each).filter((path) => !this.removed.has(normalized(path)));
  }

  /** Shards under other names than the exporter's, such as `val_*.bin`. */
  #namesLike(pattern: string): string[] {
    const names = ['000000', '000001'].map((digits) =>
      pattern.replace(/\*|\?+|(\[[^\]]*\])+\*?/, digits).replace(/[*?]|\[[^\]]*\]/g, ''),
    );
    return [...new Set(names)].filter((name) => this.#given(name) !== null);
  }
}

export function baseName(path: string): string {
  return path.slice(path.replace(/\/+$/, '').lastIndexOf('/') + 1).replace(/\/+$/, '');
}

/** Without `.`, `..` and repeated slashes; the working folder is `/work`. */
export function normalized(path: string): string {
  const parts: string[] = [];
  for (const part of (path.startsWith('/') ? path : `/work/${path}`).split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

/** As `fnmatch` has it. */
export function matcher(pattern: string): RegExp {
  const source = pattern.replace(/\[!?[^\]]*\]|[\s\S]/gu, (part) => {
    if (part === '*') return '.*';
    if (part === '?') return '.';
    if (part.length > 1 && part.startsWith('[')) {
      return part.replace(/^\[!/, '[^').replace(/\\/g, '\\\\');
    }
    return part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  });
  return new RegExp(`^${source}$`, 's');
}

function roleOf(path: string): Role | null {
  const name = baseName(path);
  if (/\.(model|vocab)$|^tokenizer.*\.json$/i.test(name)) return 'tokenizer';
  if (/\.jsonl?$/i.test(name) && /doc|text|val|selected/i.test(name) && /l$/i.test(name)) {
    return 'documents';
  }
  if (!SHARD.test(name)) return null;
  if (/byte|sidecar/i.test(name)) return 'sidecar';
  if (/train/i.test(name)) return 'train';
  return /val|test|eval|dev/i.test(name) ? 'tokens' : null;
}

/** From here on a number that is not padded with zeros is that of a vocabulary: `fineweb_val_sp1024.bin`. */
const VOCABULARY_MIN = 100;

/** Number of a shard by its name; null where the name has none, so that all is in one file. */
function shardIndex(path: string): number | null {
  const digits = /(\d+)[^\d]*$/.exec(baseName(path).replace(SHARD, ''))?.[1];
  if (digits === undefined) return null;
  const ofVocabulary = Number(digits) >= VOCABULARY_MIN && !digits.startsWith('0');
  return ofVocabulary ? null : Number(digits);
}

interface Shards {
  readonly whole: Contents;
  readonly parts: readonly Contents[];
}

const cache = new WeakMap<SmallSet, Map<Role, Shards>>();

function shardsOf(set: SmallSet, role: Role): Shards {
  const made = cache.get(set) ?? new Map<Role, Shards>();
  cache.set(set, made);
  const shards = made.get(role) ?? makeShards(set, role);
  made.set(role, shards);
  return shards;
}

function makeShards(set: SmallSet, role: Role): Shards {
  const train = Array.from(
    { length: TRAIN_TOKENS },
    (_, i) => set.ids[(i * 7 + 3) % set.ids.length]!,
  );
  const [values, tag] =
    role === 'train' ? [train, null] : role === 'sidecar' ? [set.sidecar!, SIDECAR] : [set.ids, 0];
  // A sidecar with entries beyond the tokens has them at its end.
  const cut = Math.round((role === 'train' ? values : set.ids).length * FIRST_SHARD);
  const part = (from: number, to: number) =>
    shard(values.slice(from, to), tag === null ? null : tag + from);
  return {
    whole: part(0, values.length),
    parts: [part(0, cut), part(cut, values.length)],
  };
}

function shard(values: readonly number[], tag: number | null): Contents {
  const header = shardHeader(values.length);
  const data = new Uint8Array(header.length + 2 * values.length);
  data.set(header);
  const tags = tag === null ? null : new Int32Array(data.length).fill(-1);
  for (const [i, value] of values.entries()) {
    const at = header.length + 2 * i;
    data[at] = value & 0xff;
    data[at + 1] = value >> 8;
    if (tags !== null) tags.fill(tag! + i, at, at + 2);
  }
  return { data, tags };
}

/** The texts of the set's documents, one JSON object a line. */
function documentsOf(set: SmallSet): Contents {
  const lines = (set.texts ?? documentTexts(set)).map((text) => `${JSON.stringify({ text })}\n`);
  return { data: new TextEncoder().encode(lines.join('')), tags: null };
}

/**
 * Unpacking of `exec(lzma.decompress(base64.b85decode(b"…")))` without running it.
 *
 * Only literals and the decoders of the standard library are followed, within a size limit; every
 * other expression is left packed, and the audit reports that it was not read.
 */
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib';
import xz from 'xz-decompress';
import { decodeBase85 } from './base85.js';
import { bindingOf, type SourceFacts } from './facts.js';
import { stringValue } from './literals.js';
import { type Call, callOf, dottedName, type PyNode, textOf, unwrapped } from './nodes.js';

/** Ten times the longest published script. */
const UNPACKED_BYTES_MAX = 4 * 2 ** 20;
const DEPTH_MAX = 12;

type Decoder = (data: Buffer) => Buffer | null | Promise<Buffer | null>;

const LIMIT = { maxOutputLength: UNPACKED_BYTES_MAX };

const DECODERS: Readonly<Record<string, Decoder>> = {
  'base64.b85decode': (data) => decodeBase85(data.toString('latin1')),
  'base64.b64decode': (data) => Buffer.from(data.toString('latin1'), 'base64'),
  'base64.standard_b64decode': (data) => Buffer.from(data.toString('latin1'), 'base64'),
  'base64.urlsafe_b64decode': (data) => Buffer.from(data.toString('latin1'), 'base64url'),
  'binascii.a2b_base64': (data) => Buffer.from(data.toString('latin1'), 'base64'),
  'binascii.unhexlify': (data) => Buffer.from(data.toString('latin1'), 'hex'),
  'bytes.fromhex': (data) => Buffer.from(data.toString('latin1').replace(/\s/g, ''), 'hex'),
  'zlib.decompress': (data) => inflateSync(data, LIMIT),
  'gzip.decompress': (data) => gunzipSync(data, LIMIT),
  'brotli.decompress': (data) => brotliDecompressSync(data, LIMIT),
  'lzma.decompress': unXz,
};

/** The source text that the expression decodes to, or why it is not known. */
export async function unpackedText(
  facts: SourceFacts,
  node: PyNode,
): Promise<{ text: string } | { reason: string }> {
  try {
    const bytes = await bytesOf(facts, node, 0);
    if (bytes === null) return { reason: 'it is not decoded from constants by a known decoder' };
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    // A damaged, oversized or foreign stream: the audit reports it as one it cannot see into.
    return { reason: 'its data is damaged, too large, or no text' };
  }
}

async function bytesOf(facts: SourceFacts, node: PyNode, depth: number): Promise<Buffer | null> {
  if (depth > DEPTH_MAX) return null;
  const inner = unwrapped(node);
  const literal = stringValue(facts.source, inner);
  if (literal !== null) {
    const bytes = /^[a-z]*b/i.test(textOf(facts.source, inner, 4));
    return Buffer.from(literal, bytes ? 'latin1' : 'utf8');
  }
  if (inner.type === 'VariableName') {
    const bound = bindingOf(facts, dottedName(facts.source, inner)!, inner);
    return bound === null ? null : bytesOf(facts, bound, depth + 1);
  }
  const call = callOf(facts.source, inner);
  if (call === null) return null;
  // `.decode("utf-8")` and `.encode()` change the type, not the bytes.
  const converts = /^(?:decode|encode|strip)$/.test(call.method) && call.receiver !== null;
  if (converts && !moduleOf(facts, call)) return bytesOf(facts, call.receiver!, depth + 1);
  if (call.name === 'compile' && call.args[0] !== undefined) {
    return bytesOf(facts, call.args[0], depth + 1);
  }
  const decoder = decoderOf(facts, call);
  // Further arguments name raw filters, window sizes or alphabets that these decoders do not support.
  if (decoder === null || call.args.length !== 1 || call.keywords.size > 0) return null;
  const data = await bytesOf(facts, call.args[0]!, depth + 1);
  return data === null ? null : decoder(data);
}

function decoderOf(facts: SourceFacts, call: Call): Decoder | null {
  const name = moduleOf(facts, call);
  return name !== null && Object.hasOwn(DECODERS, name) ? DECODERS[name]! : null;
}

/** `L.decompress` under `import lzma as L`, `__import__("lzma").decompress`, `b85decode`. */
function moduleOf(facts: SourceFacts, call: Call): string | null {
  const imported = call.receiver === null ? null : callOf(facts.source, call.receiver);
  if (imported?.name === '__import__') {
    const module = stringValue(facts.source, imported.args[0]);
    return module === null ? null : `${module}.${call.method}`;
  }
  if (call.name === null) return null;
  const [root = '', ...rest] = call.name.split('.');
  const module = facts.aliases.get(root);
  if (module !== undefined) return [module, ...rest].join('.');
  return Object.hasOwn(DECODERS, call.name) ? call.name : null;
}

async function unXz(data: Buffer): Promise<Buffer | null> {
  // The older .lzma and raw streams have no decoder here.
  if (data.length < 6 || data.toString('latin1', 1, 5) !== '7zXZ') return null;
  const source = new Blob([new Uint8Array(data)]).stream();
  const reader = (new xz.XzReadableStream(source) as ReadableStream<Uint8Array>).getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return Buffer.concat(chunks, length);
    length += value.length;
    if (length > UNPACKED_BYTES_MAX) {
      await reader.cancel();
      return null;
    }
    // The decoder returns views of one buffer that the next read overwrites.
    chunks.push(value.slice());
  }
}

/** Shards and tokenizers for timing: random tokens, pieces that mean nothing. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeShard } from '../../dist/data/shards.js';

const CONTROL = 3;
const NORMAL = 1;
const UNKNOWN = 2;

function varint(value) {
  const bytes = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) | 128);
  }
}

const field = (number, payload) =>
  Buffer.concat([varint(number * 8 + 2), varint(payload.length), payload]);

/** A SentencePiece model of `size` pieces, enough for byte counts: it will never encode. */
export function writeTokenizer(path, size) {
  const piece = (text, score, type) => {
    const number = Buffer.alloc(5);
    number[0] = 2 * 8 + 5;
    number.writeFloatLE(score, 1);
    const kind = Buffer.from([3 * 8, type]);
    return field(1, Buffer.concat([field(1, Buffer.from(text)), number, kind]));
  };
  const special = [piece('<unk>', 0, UNKNOWN), piece('<s>', 0, CONTROL), piece('</s>', 0, CONTROL)];
  const pieces = Array.from({ length: size - special.length }, (_, i) =>
    piece(i === 0 ? '▁' : `w${i.toString(36)}`, -i, NORMAL),
  );
  const trainer = field(2, Buffer.from([3 * 8, 2])); // model_type BPE
  const normalizer = field(3, field(1, Buffer.from('identity')));
  writeFileSync(path, Buffer.concat([...special, ...pieces, trainer, normalizer]));
}

/** One shard of `tokens` random ids below `vocabulary`, a BOS every thousand or so; the same each time. */
export async function writeTokens(folder, name, tokens, vocabulary) {
  mkdirSync(folder, { recursive: true });
  const ids = new Uint16Array(tokens);
  let state = 1;
  for (let i = 0; i < tokens; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const draw = state / 2 ** 32;
    ids[i] = i === 0 || draw < 1e-3 ? 1 : 3 + Math.floor(draw * (vocabulary - 3));
  }
  const path = join(folder, `${name}.bin`);
  await writeShard(path, ids);
  return path;
}

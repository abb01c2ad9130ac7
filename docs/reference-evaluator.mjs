/**
 * Reference evaluator: bits per byte of an ONNX model on shards, in one screen.
 *
 * It shares no code with src/; a test compares `bpb score` with it.
 *
 *   node docs/reference-evaluator.mjs model.onnx tokenizer.model 1024 fineweb_val_*.bin
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { InferenceSession, Tensor } from 'onnxruntime-node';

/** A shard: 256 int32 (the third is the number of tokens), then one uint16 per token. */
export function readShard(path) {
  const file = readFileSync(path);
  return new Uint16Array(file.buffer.slice(file.byteOffset + 1024), 0, file.readInt32LE(8));
}

/** Fields of a protobuf message, as [number, value]: bytes, or a number for a varint. */
function* fields(message) {
  for (let at = 0; at < message.length; ) {
    const varint = () => {
      let [value, byte] = [0, 128];
      for (let scale = 1; byte >= 128; scale *= 128) {
        byte = message[at++];
        value += (byte & 127) * scale;
      }
      return value;
    };
    const key = varint();
    const wire = key & 7;
    const size = wire === 0 ? 0 : wire === 2 ? varint() : wire === 1 ? 8 : 4;
    yield [key >> 3, wire === 0 ? varint() : message.subarray(at, at + size)];
    at += size;
  }
}

/** The byte rule's table: for each id its bytes, whether it stands for a leading space, boundary. */
export function byteTable(path) {
  const [UNKNOWN, CONTROL, UNUSED, BYTE] = [2, 3, 5, 6];
  const table = [];
  for (const [number, message] of fields(readFileSync(path))) {
    if (number !== 1) continue; // the pieces; all other fields say how to tokenize
    const { 1: text, 3: type = 1 } = Object.fromEntries(fields(message));
    const piece = Buffer.from(text).toString('utf8');
    const leading = piece.startsWith('▁');
    if ([UNKNOWN, CONTROL, UNUSED].includes(type)) table.push({ bytes: 0, boundary: true });
    else if (type === BYTE) table.push({ bytes: 1 });
    else table.push({ bytes: Buffer.byteLength(leading ? piece.slice(1) : piece), leading });
  }
  return table;
}

/** Scores every target of every whole row of `seqLen` tokens; the rest of the stream is skipped. */
export async function evaluate({ model, tokenizer, shards, seqLen }) {
  const stream = shards.flatMap((path) => Array.from(readShard(path)));
  const table = byteTable(tokenizer);
  const session = await InferenceSession.create(model);
  let [targets, nats, bytes] = [0, 0, 0];
  for (let start = 0; start + seqLen < stream.length; start += seqLen) {
    const row = BigInt64Array.from(stream.slice(start, start + seqLen), BigInt);
    const inputs = { [session.inputNames[0]]: new Tensor('int64', row, [1, seqLen]) };
    const { data, dims } = (await session.run(inputs))[session.outputNames[0]];
    for (let i = 0; i < seqLen; i++) {
      const logits = Float64Array.from(data.subarray(i * dims.at(-1), (i + 1) * dims.at(-1)));
      const [previous, target] = [stream[start + i], stream[start + i + 1]];
      const max = logits.reduce((a, b) => Math.max(a, b));
      nats +=
        Math.log(logits.reduce((sum, x) => sum + Math.exp(x - max), 0)) + max - logits[target];
      bytes += table[target].bytes + (table[target].leading && !table[previous].boundary ? 1 : 0);
      targets++;
    }
  }
  return { targets, nats, bytes, val_loss: nats / targets, val_bpb: nats / Math.LN2 / bytes };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [model, tokenizer, seqLen, ...shards] = process.argv.slice(2);
  console.log(await evaluate({ model, tokenizer, shards, seqLen: Number(seqLen) }));
}

/** A model of bytes with one GroupQueryAttention in fp16, as exporters of key-value caches write it. */
import { TYPE } from '#bpb/onnx/element-types';
import { byteModel } from '../helpers/byte-models.js';
import { VOCABULARY } from '../helpers/score-fixture.js';

export const ROWS = 4;
export const TIME = 64;
const HEADS = 8;
const KV_HEADS = 4;
const HEAD = 64;

/** The ONNX file, for `[4, 64]` ids. */
export function groupQueryAttentionModel(): Uint8Array {
  return byteModel(
    (g) => {
      const cast = (x: string, to: keyof typeof TYPE) =>
        g.op('Cast', [x], { to: { int: TYPE[to] } });
      const rows = (width: number) =>
        cast(g.op('Gather', [g.weights([VOCABULARY, width]), 'input_ids']), 'float16');
      const ends = g.ints(Array.from({ length: ROWS }, () => TIME - 1));
      const inputs = [rows(HEADS * HEAD), rows(KV_HEADS * HEAD), rows(KV_HEADS * HEAD), '', ''];
      g.nodes.push({
        op: 'GroupQueryAttention',
        domain: 'com.microsoft',
        inputs: [...inputs, cast(ends, 'int32'), cast(g.ints([TIME]), 'int32')],
        outputs: ['attended', 'keys', 'values'],
        attributes: { num_heads: { int: HEADS }, kv_num_heads: { int: KV_HEADS } },
      });
      return g.op('MatMul', [cast('attended', 'float32'), g.weights([HEADS * HEAD, VOCABULARY])]);
    },
    { dims: [ROWS, TIME] },
  );
}

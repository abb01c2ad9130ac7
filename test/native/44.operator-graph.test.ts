/**
 * A graph of the operators in a session: float64's losses in every type, the same bits however it is run.
 */
import { describe, expect, test } from 'vitest';
import type { NativeSession } from '#bpb/engine/addon';
import { findRuntimeLibrary } from '#bpb/engine/library';
import { rowNats } from '#bpb/engine/softmax';
import { TYPE } from '#bpb/onnx/element-types';
import type { AttributeValue } from '#bpb/onnx/writer';
import { GraphBuilder, someIds, VOCAB } from '../helpers/graph-builder.js';
import { requireAddon } from '../helpers/native.js';

const addon = requireAddon();
const WIDTH = 24;
const OUT = WIDTH + WIDTH / 2;
const TIME = 4;
const EPSILON = Math.fround(1e-5);
const SLOPE = 0.25;

type Elements = 'float32' | 'float16' | 'bfloat16';
type Attributes = Readonly<Record<string, AttributeValue>>;

/** Constants of the graph: all that the float64 computation below reads. */
interface Constants {
  readonly embedding: Float32Array;
  readonly factor: Float32Array;
  readonly gain: Float32Array;
  readonly cos: Float32Array;
  readonly sin: Float32Array;
  readonly head: Float32Array;
}

/** The normed embedding as queries, keys and values, and its halves as gate and up; twice all of them. */
function build(type: Elements): { model: Uint8Array; constants: Constants } {
  const g = new GraphBuilder();
  const made = () => g.initializers.at(-1)!.data as Float32Array;
  const constant = (dims: readonly number[]) => ({ name: g.weights(dims), values: made() });
  const cast = (x: string, to: Elements) => g.op('Cast', [x], { to: { int: TYPE[to] } });
  const ours = (op: string, inputs: string[], attributes: Attributes, outputs: string[]) =>
    g.nodes.push({ op, domain: 'bpb', inputs, outputs, attributes });
  const embedded = g.embed(WIDTH);
  const embedding = made();
  const [factor, gain] = [constant([WIDTH]), constant([WIDTH])];
  const [cos, sin] = [constant([TIME, 2]), constant([TIME, 2])];
  const sum = { first_terms: { int: 0 }, epsilon: { float: EPSILON } };
  // Optional inputs in the middle, and optional outputs, are absent.
  const terms = [cast(embedded, type), '', '', '', factor.name, '', '', '', '', gain.name];
  ours('SumNorm', terms, sum, ['', '', 'n']);
  const sizes = { time: TIME, q_heads: 1, k_heads: 1, v_heads: 1, head_size: 8, rotary_size: 4 };
  const flags = { interleaved: 0, q_norm: 1, k_norm: 1 };
  const integers = Object.entries({ ...sizes, ...flags }).map(([name, int]) => [name, { int }]);
  const heads = { ...Object.fromEntries(integers), epsilon: { float: EPSILON } };
  ours('SplitNormRotary', ['n', cos.name, sin.name], heads, ['q', 'k', 'v']);
  ours('SwiGlu', ['n'], {}, ['glu']);
  ours('SquaredRelu', ['glu'], { slope: { float: SLOPE } }, ['square']);
  const all = g.op('Concat', ['q', 'k', 'v', 'square'], { axis: { int: 2 } });
  ours('SumNorm', [all, all], sum, ['', 'sum', '']);
  const model = g.model(cast('sum', 'float32'), OUT);
  const values = { factor: factor.values, gain: gain.values, cos: cos.values, sin: sin.values };
  return { model, constants: { embedding, ...values, head: made() } };
}

function normed(values: readonly number[]): number[] {
  const mean = values.reduce((sum, v) => sum + v * v, 0) / values.length;
  return values.map((v) => v / Math.sqrt(mean + EPSILON));
}

/** Nats of a target after a token at a place in its row, in float64. */
function expectedNats(id: number, place: number, target: number, c: Constants): number {
  const summed = Array.from(c.factor, (factor, k) => c.embedding[id * WIDTH + k]! * factor);
  const n = normed(summed).map((value, k) => value * c.gain[k]!);
  const turned = [n.slice(0, 8), n.slice(8, 16)].map((head) => {
    const z = normed(head);
    for (let j = 0; j < 2; j++) {
      const [a, b] = [z[j]!, z[j + 2]!];
      const [cos, sin] = [c.cos[place * 2 + j]!, c.sin[place * 2 + j]!];
      [z[j], z[j + 2]] = [a * cos - b * sin, a * sin + b * cos];
    }
    return z;
  });
  const square = n.slice(0, WIDTH / 2).map((gate, k) => {
    const glu = (gate / (1 + Math.exp(-gate))) * n[WIDTH / 2 + k]!;
    return Math.max(glu, SLOPE * glu) ** 2;
  });
  const hidden = [...turned.flat(), ...n.slice(16), ...square].map((value) => 2 * value);
  const logits = Float32Array.from({ length: VOCAB }, (_, v) =>
    hidden.reduce((sum, value, k) => sum + value * c.head[k * VOCAB + v]!, 0),
  );
  return rowNats(logits, target, null);
}

/** Losses of all targets of so many rows. */
async function score(session: NativeSession, rows: number) {
  const ids = Int32Array.from(someIds(rows, TIME));
  const count = ids.length;
  const targets = ids.map((id) => (id + 1) % VOCAB);
  const scored = Uint32Array.from({ length: count }, (_, k) => k);
  const spanEnds = Uint32Array.of(count);
  const { nats } = await session.score({ rows, time: TIME, ids, scored, targets, spanEnds });
  return { ids, targets, nats };
}

const open = (model: Uint8Array, threads: number, optimize: boolean) =>
  addon.open({
    graph: { model, tokens: 'input_ids', logits: 'logits', rewritten: true },
    runtime: { library: findRuntimeLibrary(), threads, optimize, config: {} },
  });

// Logits are within 100, and each of them passes about eight roundings to the type.
describe.each([
  ['float32', 100 * 8 * 2 ** -24],
  ['float16', 100 * 8 * 2 ** -11],
  ['bfloat16', 100 * 8 * 2 ** -8],
] as const)('%s', (type, tolerance) => {
  test('losses of float64, with open axes and batches of two sizes', async () => {
    const { model, constants } = build(type);
    const session = await open(model, 1, true);
    for (const rows of [2, 5]) {
      const { ids, targets, nats } = await score(session, rows);
      nats.forEach((value, k) => {
        const expected = expectedNats(ids[k]!, k % TIME, targets[k]!, constants);
        expect(Math.abs(value - expected)).toBeLessThanOrEqual(tolerance);
      });
    }
    await session.close();
  });

  test("the same bits with threads, and without the runtime's own optimization", async () => {
    const { model } = build(type);
    const found = [];
    // Rows enough for several pieces.
    for (const [threads, optimize] of [
      [1, true],
      [3, true],
      [2, false],
    ] as const) {
      const session = await open(model, threads, optimize);
      found.push((await score(session, 600)).nats);
      await session.close();
    }
    expect(found[1]).toEqual(found[0]);
    expect(found[2]).toEqual(found[0]);
  });
});

/**
 * Work among unequal batches and devices: one queue in the order of cost, against the bound that no
 * division beats. The pool is simulated, with a clock of its own.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RowsScore } from '#bpb/run/messages';
import { TASKS_PER_WORKER } from '#bpb/run/pool';
import { runBatches } from '#bpb/run/run-batches';
import { type BatchPlan, planBatches } from '#bpb/windows/batches';
import { planWindows } from '#bpb/windows/plan';
import { blankStream } from '../helpers/stream.js';

const NOTHING: RowsScore = {
  spans: { document: new Uint32Array(), first: new Uint32Array(), count: new Uint32Array() },
  q30: new BigInt64Array(),
  infinite: { count: 0, first: -1 },
  least: 0,
  most: 0,
  infiniteSpans: null,
  nats: null,
  runSeconds: 0,
  scoreSeconds: 0,
  adaptations: 0,
  adaptSeconds: 0,
  deviceToHostBytes: null,
  shape: null,
  remarks: [],
};

interface Held {
  readonly batch: number;
  readonly done: () => void;
}

/** Devices that take a batch when they have one slot free, the least busy first, as the pool does. */
class Devices {
  readonly held: Held[][];
  readonly free: number[];
  now = 0;

  constructor(
    readonly speeds: readonly number[],
    readonly costs: readonly number[],
  ) {
    this.held = speeds.map(() => []);
    this.free = speeds.map(() => 0);
  }

  take(batch: number): Promise<RowsScore> {
    const slots = this.held.map((own) => own.length);
    const device = slots.indexOf(Math.min(...slots));
    expect(slots[device]).toBeLessThan(TASKS_PER_WORKER);
    return new Promise((resolve) => {
      const idle = this.held[device]!.length === 0;
      this.held[device]!.push({ batch, done: () => resolve(NOTHING) });
      if (idle) this.begin(device);
    });
  }

  private begin(device: number): void {
    const next = this.held[device]![0];
    const took = next === undefined ? 0 : this.costs[next.batch]! / this.speeds[device]!;
    this.free[device] = this.now + took;
  }

  /** Ends the batch that ends first; false where none runs. */
  step(): boolean {
    const running = this.held.flatMap((own, device) => (own.length > 0 ? [device] : []));
    if (running.length === 0) return false;
    const first = running.reduce((a, b) => (this.free[b]! < this.free[a]! ? b : a));
    this.now = this.free[first]!;
    const { done } = this.held[first]!.shift()!;
    this.begin(first);
    done();
    return true;
  }
}

/** Time at which the last batch ends. */
async function makespan(speeds: readonly number[], costs: readonly number[]): Promise<number> {
  const devices = new Devices(speeds, costs);
  const pool = {
    workers: speeds.length,
    score: (rows: Uint32Array) => devices.take(rows[0]!),
  };
  const batches: BatchPlan = {
    count: costs.length,
    shape: [1, 1],
    rowIndexes: (index) => Uint32Array.of(index),
    cost: (index) => costs[index]!,
  };
  let merged = 0;
  const run = runBatches({
    pool,
    batches,
    range: [0, costs.length],
    keepNats: () => false,
    onScored: () => merged++,
  });
  // Whoever waits for a batch asks for the next before the clock goes on.
  do await new Promise((resolve) => setImmediate(resolve));
  while (devices.step());
  await run;
  expect(merged).toBe(costs.length);
  return devices.now;
}

const sum = (costs: readonly number[]) => costs.reduce((total, cost) => total + cost, 0);

describe('devices that are alike', () => {
  test('unequal batches in the order of cost: near the bound that no division beats', async () => {
    const lists = fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(lists, fc.integer({ min: 1, max: 8 }), async (list, devices) => {
        const costs = list.sort((a, b) => b - a);
        const took = await makespan(Array(devices).fill(1), costs);
        // The device that ends last began its last batch but one when all were busy, so it is late by
        // those two at most; neither is among the largest, which come first, one on each device.
        const late = costs[devices] ?? 0;
        const whole = sum(costs) / devices + 2 * (1 - 1 / devices) * late;
        expect(took).toBeLessThanOrEqual(Math.max(costs[0]! + late, whole) + 1e-9);
      }),
    );
  });

  test('equal batches, as a fixed shape makes them: none has two more than another', async () => {
    for (const [batches, devices] of [
      [5, 2],
      [16, 4],
      [17, 4],
      [3, 8],
      [100, 7],
    ] as const) {
      const took = await makespan(Array(devices).fill(1), Array(batches).fill(1));
      expect(took).toBe(Math.ceil(batches / devices));
    }
  });

  test('documents of any length, where a division by count would leave one with most', async () => {
    const lengths = Array.from({ length: 120 }, (_, d) => 1 + ((d * 37) % 120));
    const starts = lengths.map((_, d) => sum(lengths.slice(0, d)));
    const options = { mode: 'document', seqLen: 128, stride: null, tail: 'drop', compat: null };
    const plan = planWindows(blankStream(sum(lengths), starts), options as never);
    const batches = planBatches(plan, 128);
    const costs = Array.from({ length: batches.count }, (_, b) => batches.cost(b));
    const half = sum(costs) / 2;
    expect(await makespan([1, 1], costs)).toBeLessThanOrEqual(half + Math.max(...costs));
    expect(
      await makespan(
        [1, 1],
        lengths.sort((a, b) => b - a),
      ),
    ).toBeLessThan(1.01 * (sum(lengths) / 2));
    expect(sum(lengths.slice(0, 60))).toBeGreaterThan(1.4 * (sum(lengths) / 2));
  });
});

test('a device that is slower than its like gets less to do', async () => {
  const costs = Array(60).fill(1);
  // 20 and 40 of 60 would end together at 20.
  expect(await makespan([1, 2], costs)).toBeLessThanOrEqual(21);
});

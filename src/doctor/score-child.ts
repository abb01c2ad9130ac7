/**
 * Child process that scores one batch of a tiny model on each GPU, and prints `answers:` and a JSON list:
 * for each an empty text, or why it cannot. The nats are not judged.
 *
 * Arguments: number of GPUs; folder of another libonnxruntime (`--ort-lib`), or the empty text.
 */

import { writeSync } from 'node:fs';
import { openOnnxCuda } from '../engine/onnx-cuda.js';
import type { Batch, EngineOptions } from '../engine/types.js';
import { BpbError } from '../errors.js';
import { onnxModel } from '../onnx/writer.js';

const [PIECES, WIDTH, ROWS, TIME] = [16, 8, 2, 4];

/** An embedding and a head: a lookup and a matrix product, so cuBLAS is asked too. */
function tinyModel(): Uint8Array {
  const weights = (name: string, dims: readonly [number, number]) => ({
    name,
    type: 'float32' as const,
    dims,
    data: Float32Array.from({ length: dims[0] * dims[1] }, (_, k) => ((k * 7) % 11) / 11),
  });
  return onnxModel({
    nodes: [
      { op: 'Gather', inputs: ['table', 'input_ids'], outputs: ['hidden'] },
      { op: 'MatMul', inputs: ['hidden', 'head'], outputs: ['logits'] },
    ],
    initializers: [weights('table', [PIECES, WIDTH]), weights('head', [WIDTH, PIECES])],
    inputs: [{ name: 'input_ids', type: 'int64', dims: ['batch', 'time'] }],
    outputs: [{ name: 'logits', type: 'float32', dims: ['batch', 'time', PIECES] }],
  });
}

function batch(): Batch {
  const positions = Uint32Array.from({ length: ROWS * TIME }, (_, k) => k);
  return {
    rows: ROWS,
    time: TIME,
    ids: Int32Array.from(positions),
    scored: positions,
    targets: Int32Array.from(positions, (k) => k + 1),
    spanEnds: Uint32Array.of(TIME, ROWS * TIME),
  };
}

async function answer(device: number, ortLib: string | undefined): Promise<string> {
  const options: EngineOptions = {
    graph: {
      model: tinyModel(),
      path: 'the doctor’s own model',
      tokens: 'input_ids',
      logits: 'logits',
      softcap: null,
    },
    runtime: { ortLib, threads: 1, optimize: true },
    cuda: { device, tf32: false, allowCpuNodes: false, shape: [ROWS, TIME], sessions: 1 },
  };
  try {
    const engine = await openOnnxCuda(options);
    try {
      await engine.score(batch());
    } finally {
      await engine.close();
    }
    return '';
  } catch (error) {
    if (!(error instanceof BpbError)) return String(error);
    return `${error.message} ${error.actual ?? ''} (${error.code})`;
  }
}

const [, , count, ortLib] = process.argv;
const answers: string[] = [];
for (let device = 0; device < Number(count); device++) {
  answers.push(await answer(device, ortLib === '' ? undefined : ortLib));
}
writeSync(1, `answers:${JSON.stringify(answers)}\n`);

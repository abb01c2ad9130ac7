/** The lines of docs/artifact.md that cast a bf16 model to fp32: run, and scored. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { score } from '#bpb/index';
import { TYPE } from '#bpb/onnx/element-types';
import { onnxModel } from '#bpb/onnx/writer';
import { tableGraph } from '../helpers/models.js';
import { pythonWith } from '../helpers/python.js';
import { refusalOf } from '../helpers/refusal.js';
import { scoreFixture, tableNats, VOCABULARY } from '../helpers/score-fixture.js';

const PAGE = new URL('../../docs/artifact.md', import.meta.url);
const python = pythonWith('onnx', 'ml_dtypes');
const options = { tokenizer: 'byte260', window: 'chunk', seqLen: 32, tail: 'score' } as const;

test.runIf(python)('a bf16 model that the CPU cannot run is scored after it', async () => {
  const w = await scoreFixture();
  // The upper halves of the fp32 bits are bf16.
  const bits = new Uint32Array(w.table.buffer).map((each) => each & 0xffff0000);
  const rounded = new Float32Array(bits.buffer);
  const data = Uint16Array.from(bits, (each) => each >>> 16);
  const cast = { to: { int: TYPE.float32 } };
  const model = onnxModel({
    ...tableGraph(w.table, VOCABULARY),
    initializers: [{ name: 'table', type: 'bfloat16', dims: [VOCABULARY, VOCABULARY], data }],
    nodes: [
      { op: 'Gather', inputs: ['table', 'input_ids'], outputs: ['x'] },
      { op: 'Add', inputs: ['x', 'x'], outputs: ['y'] },
      { op: 'Cast', inputs: ['y'], outputs: ['logits'], attributes: cast },
    ],
  });
  const artifact = join(w.folder, 'model.onnx');
  writeFileSync(artifact, model);
  const refusal = await refusalOf(() => score({ ...options, artifact, docs: w.docs }));
  expect(refusal.hint).toMatch(/"bf16 and fp16 on the CPU" in docs\/artifact\.md/);

  const page = readFileSync(PAGE, 'utf8');
  const [, section] = page.split('## bf16 and fp16 on the CPU');
  const [, lines] = /```python\n([\s\S]*?)```/.exec(section!)!;
  const ran = spawnSync(python!, ['-c', lines!], { cwd: w.folder, encoding: 'utf8' });
  expect(ran.stderr).toBe('');
  const path = join(w.folder, 'fp32.onnx');
  const { totals, verification } = await score({ ...options, artifact: path, docs: w.docs });
  const doubled = rounded.map((value) => 2 * value);
  let nats = 0;
  for (let i = 1; i < w.ids.length; i++) nats += tableNats(doubled, w.ids[i - 1]!, w.ids[i]!);
  expect(Math.abs(totals.nats / nats - 1)).toBeLessThan(1e-7);
  expect(verification.verdict).toBe('pass');
});

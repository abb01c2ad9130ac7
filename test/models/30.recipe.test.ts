/** The recipe of the bundled artifacts: what it exports is the model that it trains. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { pythonWith } from '../helpers/python.js';

const train = fileURLToPath(new URL('../../models/train', import.meta.url));
const oracle = fileURLToPath(new URL('../oracles/recipe_layers.py', import.meta.url));
const torch = pythonWith('torch', 'onnx', 'onnxruntime');
const onnx = pythonWith('numpy', 'onnx');

function run(python: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(python, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

describe.skipIf(torch === undefined)('the recipe (needs torch, onnx, onnxruntime)', () => {
  // With an odd number of layers one block of the second half has no skip; with one there are none.
  test('export and PyTorch agree for any number of layers', () => {
    const layers = ['1', '2', '3', '4', '5', '8', '9'];
    const found = JSON.parse(run(torch!, [oracle, train, ...layers])) as Record<
      string,
      Record<string, number>
    >;
    expect(Object.keys(found)).toEqual(layers);
    for (const differences of Object.values(found)) {
      expect(Object.keys(differences)).toHaveLength(4);
      // Logits are below 30 in size: fp32 through other kernels, nine layers deep.
      for (const difference of Object.values(differences)) expect(difference).toBeLessThan(5e-5);
    }
  });
});

test.skipIf(onnx === undefined)('a graph is made without PyTorch (needs numpy, onnx)', () => {
  const script = `
import sys
sys.modules["torch"] = None  # import torch now fails
sys.path.insert(0, ${JSON.stringify(train)})
import numpy as np, onnx
import export
from config import Config
from quantize import quantize
c = Config(vocab=8, layers=1, dim=8, heads=2, kv_heads=1, mlp=1)
draw = lambda *shape: np.random.default_rng(1).standard_normal(shape).astype(np.float32)
block = {"qkv.weight": draw(16, 8), "out.weight": draw(8, 8), "up.weight": draw(8, 8),
         "down.weight": draw(8, 8), "q_gain": draw(2), "mix": draw(2, 8)}
weights = {"embed.weight": draw(8, 8), **{"blocks.0." + key: value for key, value in block.items()}}
graph = onnx.load_from_string(export.build(c, quantize(weights), "one")).graph
print(sorted({tuple(i.dims) for node in graph.node if node.op_type == "Range"
              for i in graph.initializer if i.name in node.input}))
`;
  // ONNX has Range take scalars; a vector of one element passes its checker.
  expect(run(onnx!, ['-c', script]).trim()).toBe('[()]');
});

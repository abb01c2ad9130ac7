/** bench/peers/torch_rounds.py as a process that answers one question after the other. */
import { spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('../peers/torch_rounds.py', import.meta.url));

/** Why this Python cannot, or the empty string. */
export function noTorch(python) {
  const { status } = spawnSync(python, ['-c', 'import torch, onnx, numpy']);
  return status === 0 ? '' : `${python} has no torch, onnx and numpy (set BPB_PYTHON)`;
}

/**
 * Starts it; resolves when both forms of the model have run once.
 *
 * @returns `{torch, ask(word), close()}`; a process that ends early rejects with the end of its stderr.
 */
export async function torchRounds(python, { model, shard, seqLen, threads }) {
  const child = spawn(python, [SCRIPT, model, shard, `${seqLen}`, `${threads}`]);
  let complaint = '';
  child.stderr.on('data', (chunk) => {
    complaint = (complaint + chunk).slice(-2000);
  });
  child.stdin.on('error', () => {}); // of an ended process; the missing answer is the failure
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`PyTorch ended: ${complaint}`);
    return JSON.parse(value);
  };
  const { torch } = await next();
  return {
    torch,
    ask(word) {
      child.stdin.write(`${word}\n`);
      return next();
    },
    close: () => child.stdin.end(),
  };
}

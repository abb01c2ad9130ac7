/** `bpb score` as somebody would call it: a process of its own, its JSON and its exit code. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const cli = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** `result` is null where no JSON came; `error` the harness's own, or null. */
export function runScore(args) {
  const began = performance.now();
  const run = spawnSync(process.execPath, [cli, 'score', ...args, '--json', '--quiet'], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  const seconds = (performance.now() - began) / 1e3;
  let document = null;
  try {
    document = JSON.parse(run.stdout);
  } catch {
    // The exit code and what was printed say why.
  }
  const said = document?.error;
  const error =
    said === undefined
      ? document === null
        ? `no JSON: ${(run.stderr || run.signal || '').trim().slice(-300)}`
        : null
      : `${said.code} ${said.message} ${said.actual ?? ''}`.trim();
  return { code: run.status, seconds, result: error === null ? document : null, error };
}

/** Runs `bpb` as a user does: a process with arguments, output and an exit code. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** @param input what stands on standard input; nothing by default */
export function bpbIn(
  env: Record<string, string>,
  args: readonly string[],
  input = '',
): Promise<Finished> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  // A command that does not read it may have ended before it is written.
  child.stdin.on('error', () => {}).end(input);
  return new Promise<Finished>((resolve, reject) => {
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

export function bpb(...args: string[]): Promise<Finished> {
  return bpbIn({}, args);
}

/**
 * Environment in which a process sends itself `signal` once the file `path` has `lines` lines.
 *
 * The process asks between its own steps, so it cannot end before a slower one has asked.
 */
export function signalAt(signal: NodeJS.Signals, path: string, lines = 0): Record<string, string> {
  return preload(
    `import { existsSync, readFileSync } from 'node:fs';
    import { isMainThread } from 'node:worker_threads';
    const reached = () => existsSync(PATH) && readFileSync(PATH, 'utf8').split('\\n').length > ${lines};
    const ask = () => {
      if (!reached()) return;
      clearInterval(timer);
      process.kill(process.pid, '${signal}');
    };
    const timer = isMainThread ? setInterval(ask, 1).unref() : undefined;`.replaceAll(
      'PATH',
      JSON.stringify(path),
    ),
  );
}

/** Environment in which a process first runs a module's text. */
export function preload(code: string): Record<string, string> {
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(code)}` };
}

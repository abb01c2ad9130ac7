/**
 * Nats from a child process that has run nothing before.
 */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { BpbError } from '../errors.js';
import { type Reply, resultOf } from '../workers/protocol.js';
import type { SessionAnswer, SessionSetup, SessionTask } from './messages.js';

type SessionReply = Reply<SessionAnswer>;

const CHILD = fileURLToPath(new URL('./fresh-child.js', import.meta.url));

/** @throws what the session throws; BPB_PROBE_PROCESS where the process ends without an answer */
export async function inFreshProcess(
  setup: SessionSetup,
  task: SessionTask,
): Promise<Float32Array[]> {
  const reply = await new Promise<SessionReply>((resolve, reject) => {
    const child = fork(CHILD, {
      serialization: 'advanced',
      // Flags of this process (a debugger's port, a test runner's loader) are not the child's.
      execArgv: [],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    let stderr = '';
    let answer: SessionReply | undefined;
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-2000);
    });
    child.on('message', (message) => {
      answer = message as SessionReply;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (answer !== undefined) resolve(answer);
      else reject(unanswered(stderr.trim() || `exit ${code ?? signal}`));
    });
    const { options } = setup;
    // Shared memory does not cross to another process.
    const graph = { ...options.graph, model: options.graph.model.slice() };
    child.send({ setup: { ...setup, options: { ...options, graph } }, task });
  });
  return resultOf(reply).nats;
}

function unanswered(actual: string): BpbError {
  return new BpbError({
    kind: 'internal',
    code: 'BPB_PROBE_PROCESS',
    message: 'the fresh process of the repeat probe ended without an answer',
    expected: 'nats',
    actual,
  });
}

/**
 * Processes that end pools while threads start, on a machine with more to do than it has cores.
 *
 * Node 20 aborts where a thread is terminated while it instantiates modules or loads a native addon.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { serialize } from 'node:v8';
import { expect, onTestFinished, test } from 'vitest';
import { loadTokenizer } from '#bpb/tokenizer/load';
import { byteModel, table } from '../helpers/byte-models.js';
import { engineOptions } from '../helpers/engines.js';
import { temporaryFolder } from '../helpers/folder.js';

const LONG = process.env['BPB_TEST_LONG'] !== undefined;
/** Rounds of one process; each opens and closes a pool of each of the six worker modules. */
const ROUNDS = LONG ? 25 : 2;
const PROCESSES = LONG ? 8 : 1;
/** Processes that exit, or throw, while threads start. */
const ENDINGS = LONG ? 50 : 1;
const BUSY_LOOPS = LONG ? 8 : 0;

const program = fileURLToPath(new URL('../helpers/starting-pools.mjs', import.meta.url));
const TOKENIZER = 'models/sotu-8x256/tokenizer.model';

/** What each worker module needs to open, without shared memory. */
function setups(): Record<string, unknown> {
  const tokenizer = { ...loadTokenizer(TOKENIZER), model: new Uint8Array(readFileSync(TOKENIZER)) };
  const ids = Uint16Array.from({ length: 64 }, (_, k) => (k % 16 === 0 ? tokenizer.bosId! : 5));
  const stream = { ids, documentStarts: Uint32Array.of(0, 16, 32, 48), startId: tokenizer.bosId };
  const window = { mode: 'chunk', seqLen: 8, stride: null, tail: 'score', compat: null };
  const session = {
    adaptive: null,
    engine: 'onnx-cpu',
    options: engineOptions(byteModel(table)),
    window,
  };
  const histogram = new Int32Array(tokenizer.pieces.length + 1);
  return {
    'tokenizer/encode-worker.js': tokenizer,
    'tokenize/worker.js': tokenizer,
    'bytes/reconcile-worker.js': { tokenizer, ids },
    'audit/examine/worker.js': { tokenizer, ids: null, claimed: null, histogram },
    'run/worker.js': { ...session, stream },
    'probes/session-worker.js': { ...session, engine: 'onnx-js', batchTokens: 64 },
  };
}

function setupsFile(): string {
  const file = join(temporaryFolder(), 'setups');
  writeFileSync(file, serialize(setups()));
  return file;
}

function keepBusy(): void {
  const loops = Array.from({ length: BUSY_LOOPS }, () =>
    spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }),
  );
  onTestFinished(() => {
    for (const loop of loops) loop.kill('SIGKILL');
  });
}

interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(...args: readonly string[]): Promise<Ended> {
  const child: ChildProcess = spawn(process.execPath, [program, ...args]);
  let stdout = '';
  let stderr = '';
  child.stdout!.on('data', (text) => (stdout += text));
  child.stderr!.on('data', (text) => (stderr += text));
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  return { code, signal, stdout, stderr };
}

const MINUTES = 60_000;

test(
  'pools of all six worker modules close while their threads start',
  async () => {
    const file = setupsFile();
    keepBusy();
    for (let k = 0; k < PROCESSES; k++) {
      const ended = await run('close', `${ROUNDS}`, file);
      expect(ended).toEqual({ code: 0, signal: null, stdout: 'closed\n', stderr: '' });
    }
  },
  40 * MINUTES,
);

test.each([
  ['exit', { code: 7, stderr: '' }],
  ['throw', { code: 1, stderr: expect.stringContaining('Error: uncaught') }],
])(
  'a process ends by %s while threads start',
  async (how, ended) => {
    const file = setupsFile();
    keepBusy();
    for (let k = 0; k < ENDINGS; k++) {
      expect(await run(how, '1', file)).toMatchObject({ signal: null, ...ended });
    }
  },
  40 * MINUTES,
);

/**
 * scripts/gpu-check.sh on archives of steps that are written here: what it does with archives that are
 * missing or damaged, and with steps that die or hang.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../helpers/folder.js';

const root = resolve(import.meta.dirname, '../..');
const here = (program: string) => spawnSync(program, ['--version']).status === 0;
const why = ['bash', 'tar', 'timeout', 'sha256sum'].every(here) ? '' : ' (skipped: no GNU tools)';

const STEPS = `# stage, name, seconds, archives, command
stage A 100 first things
A counts 20 first echo "ran \${BPB_GPU_AGAIN:-}" >>"$RESULTS/../counts"; echo '{"kind":"device"}' >"$RESULTS/kernel-lab.jsonl"
A absent 20 first echo 'answer: peer absent (no "such" module)'; exit 10
A unjudged 20 first test -n "$BPB_GPU_DRY_RUN" && echo 'answer: values not judged' && exit 11
stage B 100 what needs the rest
B rest 20 all cat later
`;

const MINUTE = { timeout: 60_000 };

/** Whether a process does anything yet: one that ended may still wait to be looked at. */
function works(pid: string): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', pid], { encoding: 'utf8' });
  return /^[^Z]/.test(stdout);
}

interface Step {
  step: string;
  status: string;
  answer: string;
  code: number;
  dry_run: boolean;
}

/** A folder of archives as gpu-pack.mjs writes them, with these steps, and a store of its own. */
function packed(steps = STEPS) {
  const folder = temporaryFolder();
  const [first, rest, archives, out] = ['first', 'rest', 'archives', 'out'].map((name) => {
    mkdirSync(join(folder, name));
    return join(folder, name);
  }) as [string, string, string, string];
  cpSync(join(root, 'scripts/gpu'), join(first, 'scripts/gpu'), { recursive: true });
  writeFileSync(join(first, 'scripts/gpu/steps'), steps);
  mkdirSync(join(first, 'native/bench'), { recursive: true });
  copyFileSync(join(root, 'native/bench/table.mjs'), join(first, 'native/bench/table.mjs'));
  mkdirSync(join(first, 'bin'));
  symlinkSync(process.execPath, join(first, 'bin/node'));
  const about = { schema: 'bpb-gpu-results/1', commit: 'abc', dry_run: false };
  writeFileSync(join(first, 'pack.json'), JSON.stringify(about));
  writeFileSync(join(rest, 'later'), 'the rest is here\n');

  const pack = () => {
    const sums: string[] = [];
    const add = (name: string, bytes: Buffer) => {
      writeFileSync(join(archives, name), bytes);
      sums.push(`${createHash('sha256').update(bytes).digest('hex')}  ${name}\n`);
    };
    const tar = (from: string) => {
      const made = spawnSync('tar', ['-cz', '-C', from, '.'], { maxBuffer: 1 << 28 });
      return made.stdout;
    };
    add('bpb-gpu-1.tar.gz', tar(first));
    // One archive cut in two.
    const whole = tar(rest);
    add('bpb-gpu-2.tar.gz', whole.subarray(0, 100));
    add('bpb-gpu-3.tar.gz', whole.subarray(100));
    writeFileSync(join(archives, 'bpb-gpu.sha256'), sums.join(''));
  };
  pack();
  const store = join(folder, 'store');
  const script = join(root, 'scripts/gpu-check.sh');
  const call = (...more: string[]) => {
    const env = { PATH: process.env['PATH'], HOME: folder, BPB_GPU_STORE: store };
    const args = [script, archives, out, ...more];
    const { status, stdout, stderr } = spawnSync('bash', args, { env, encoding: 'utf8' });
    return { status, text: stdout + stderr };
  };
  const noted = (name: string) => {
    const [kept] = readdirSync(store).filter((entry) => entry.startsWith('results-'));
    return readFileSync(join(store, kept!, name), 'utf8').trim();
  };
  return {
    folder,
    archives,
    out,
    store,
    /** With OUT as it is. */
    call,
    run(...more: string[]) {
      rmSync(out, { recursive: true, force: true }); // a new call has an empty one
      return call(...more);
    },
    /** Packs again, with this file in what the last archives hold. */
    repack(path: string, text: string) {
      mkdirSync(join(rest, path, '..'), { recursive: true });
      writeFileSync(join(rest, path), text);
      pack();
    },
    /** Whether any results are in the store. */
    began: () => readdirSync(store).some((name) => name.startsWith('results-')),
    /** Steps as the archive of results has them. */
    results(): Record<string, Step> {
      const unpacked = temporaryFolder();
      expect(readdirSync(out).sort()).toEqual(['results.tar.gz', 'summary.txt']);
      spawnSync('tar', ['-xzf', join(out, 'results.tar.gz'), '-C', unpacked]);
      const steps = join(unpacked, 'results/steps');
      return Object.fromEntries(
        readdirSync(steps).map((name) => {
          const step = JSON.parse(readFileSync(join(steps, name), 'utf8')) as Step;
          return [step.step, step];
        }),
      );
    },
    /** What a step wrote beside its results. */
    noted,
    /** How often the step `counts` was run. */
    counted: (): number => noted('counts').split('\n').length,
    noop(): string {
      const at = join(folder, 'noop');
      mkdirSync(at, { recursive: true });
      return at;
    },
  };
}

describe.skipIf(why !== '')(`gpu-check.sh${why}`, () => {
  test('on a GPU a peer that is absent is a failure, and a good step is not run again', () => {
    const pack = packed();
    const one = pack.run();
    expect(one.status, one.text).toBe(1);
    expect(pack.results()).toMatchObject({
      counts: { status: 'ok', code: 0, dry_run: false },
      absent: { status: 'peer absent', answer: 'peer absent (no such module)', code: 10 },
      unjudged: { status: 'failed' }, // run without BPB_GPU_DRY_RUN
      rest: { status: 'ok' },
    });
    pack.run();
    expect(pack.counted()).toBe(1);
    pack.run('--again', '--stages', 'A');
    expect(pack.noted('counts')).toBe('ran \nran 1');
  });

  test('in a dry run the steps’ own answers are good', () => {
    const pack = packed();
    const { status, text } = pack.run('--dry-run', pack.noop());
    expect(status, text).toBe(0);
    expect(pack.results()).toMatchObject({
      absent: { status: 'peer absent', dry_run: true },
      unjudged: { status: 'values not judged', answer: 'values not judged', dry_run: true },
    });
    expect(text).toContain('DRY RUN');
    // What was found in a dry run does not stand for a GPU.
    expect(pack.run().status).toBe(1);
    expect(pack.results()['absent']).toMatchObject({ dry_run: false });
  });

  test('a missing archive: stage A runs without it, the rest when it comes', () => {
    const pack = packed();
    const third = join(pack.archives, 'bpb-gpu-3.tar.gz');
    const bytes = readFileSync(third);
    rmSync(third);
    const one = pack.run('--dry-run', pack.noop());
    expect(one.status, one.text).toBe(0);
    expect(one.text).toContain('1 steps wait for bpb-gpu-3.tar.gz');
    expect(Object.keys(pack.results())).toEqual(['absent', 'counts', 'unjudged']);
    // Asked for by name, a stage that cannot run is a failure.
    expect(pack.run('--dry-run', pack.noop(), '--stages', 'B').status).toBe(1);

    // The next load brings the list and the missing archive only.
    for (const name of ['1', '2']) rmSync(join(pack.archives, `bpb-gpu-${name}.tar.gz`));
    writeFileSync(third, bytes);
    const two = pack.run('--dry-run', pack.noop());
    expect(two.status, two.text).toBe(0);
    expect(pack.results()['rest']?.status).toBe('ok');
    expect(pack.counted()).toBe(1);
  });

  test('a first archive that is missing, and a folder without a list: nothing runs', () => {
    const pack = packed();
    rmSync(join(pack.archives, 'bpb-gpu-1.tar.gz'));
    expect(pack.run()).toMatchObject({ status: 2 });
    rmSync(join(pack.archives, 'bpb-gpu.sha256'));
    rmSync(pack.store, { recursive: true });
    const { status, text } = pack.run();
    expect([status, text]).toEqual([2, expect.stringContaining('no bpb-gpu.sha256')]);
  });

  test('a wrong sum: the archive is named and not used, and the call fails', () => {
    const pack = packed();
    const second = join(pack.archives, 'bpb-gpu-2.tar.gz');
    const bytes = readFileSync(second);
    bytes[50]! ^= 1;
    writeFileSync(second, bytes);
    const { status, text } = pack.run('--dry-run', pack.noop());
    expect(status).toBe(1);
    expect(text).toMatch(/wrong sum: .*bpb-gpu-2\.tar\.gz is [0-9a-f]{64}, expected [0-9a-f]{64}/);
    expect(Object.keys(pack.results())).toEqual(['absent', 'counts', 'unjudged']);
  });

  test('a step that dies: the others run, its children do not, and what it had written is kept', async () => {
    const pack = packed(`stage A 100 things
A dies 20 first echo '{"kind":"device","name":"half"}' >"$RESULTS/kernel-lab.jsonl"; tail -f /dev/null & echo $! >"$RESULTS/../pid"; kill -KILL $$
A fails 20 first echo 'answer: exit 4: no driver'; exit 4
A after 20 first true
`);
    const { status, text } = pack.run('--dry-run', pack.noop());
    expect(status).toBe(1);
    expect(pack.results()).toMatchObject({
      dies: { status: 'failed', code: 137 },
      fails: { status: 'failed', answer: 'exit 4: no driver', code: 4 },
      after: { status: 'ok' },
    });
    expect(text).toContain('no times: the laboratory did not run');
    await expect.poll(() => works(pack.noted('pid')), MINUTE).toBe(false);
  });

  test('a step that hangs: it and its children are ended at its limit, the others run', () => {
    const pack = packed(`stage A 100 things
A before 20 first true
A hangs 3 first echo $$ >"$RESULTS/../pid"; tail -f /dev/null & tail -f /dev/null
A after 20 first true
`);
    expect(pack.run('--dry-run', pack.noop()).status).toBe(1);
    expect(pack.results()).toMatchObject({
      before: { status: 'ok' },
      hangs: { status: 'timeout', code: 124 },
      after: { status: 'ok' },
    });
    expect(works(pack.noted('pid'))).toBe(false);
  });

  test('a stage whose time is over begins no step, and says so', () => {
    const pack = packed(`stage A 1 things
A one 20 first true
`);
    expect(pack.run().status).toBe(1);
    expect(pack.results()).toMatchObject({ one: { status: 'not begun' } });
    expect(pack.run('--seconds', '1').status).toBe(1);
  });

  test('a call without time for a step leaves what an earlier one found of it', () => {
    const pack = packed(`stage A 100 things
A fails 20 first echo 'answer: exit 4: no driver'; exit 4
`);
    expect(pack.run().status).toBe(1);
    const { status, text } = pack.run('--seconds', '1');
    expect([status, text]).toEqual([1, expect.stringContaining('not begun again: no time')]);
    expect(pack.results()).toMatchObject({
      fails: { status: 'failed', answer: 'exit 4: no driver' },
    });
  });

  test('a call that is killed: its results are whole, and the next one ends its step and goes on', async () => {
    const pack = packed(`stage A 100 things
A counts 20 first echo ran >>"$RESULTS/../counts"
A kills 20 first test -e "$RESULTS/../pid" || { echo $$ >"$RESULTS/../pid"; kill -KILL $(ps -o ppid= -p $PPID); tail -f /dev/null; }
A after 20 first true
`);
    expect(pack.run().status).toBeNull();
    expect(Object.keys(pack.results())).toEqual(['counts']);
    expect(works(pack.noted('pid'))).toBe(true);
    const { status, text } = pack.run();
    expect(status, text).toBe(0);
    expect(Object.keys(pack.results())).toEqual(['after', 'counts', 'kills']);
    expect(pack.counted()).toBe(1);
    await expect.poll(() => works(pack.noted('pid')), MINUTE).toBe(false);
  });

  test('what is measured with is that of the archives, not of earlier ones', () => {
    const pack = packed(`stage A 100 things
A same 20 all cmp gpu-models/model "$MODELS/model"
`);
    for (const text of ['one', 'another']) {
      pack.repack('gpu-models/model', text);
      const done = pack.run();
      expect(done.status, done.text).toBe(0);
    }
  });

  test('a folder for results that cannot be written: nothing runs', () => {
    const pack = packed();
    mkdirSync(join(pack.out, '.results.tar.gz')); // stands in the way, for root too
    const { status, text } = pack.call();
    expect([status, text]).toEqual([2, expect.stringContaining('cannot write to')]);
    expect(pack.began()).toBe(false);
  });

  test('--list names the steps and runs none', () => {
    const pack = packed();
    const { status, text } = pack.run('--list');
    expect(status).toBe(0);
    expect(text).toContain('A absent 20 first');
    expect(pack.run('--nonsense').status).toBe(2);
    for (const number of ['1.5', 'x', '-1']) expect(pack.run('--seconds', number).status).toBe(2);
  });

  test('a stage or step that is not there is refused, and nothing runs', () => {
    const pack = packed();
    for (const args of [
      ['--stages', 'A,E'],
      ['--stages', 'stage'],
      ['--steps', 'count'],
    ]) {
      const { status, text } = pack.run(...args);
      expect([status, text]).toEqual([2, expect.stringMatching(/no (stage|step) is called/)]);
    }
    expect(pack.began()).toBe(false);
  });
});

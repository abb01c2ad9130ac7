/**
 * Reads OUT of scripts/gpu-check.sh: results.tar.gz, or the folder it unpacks to. Every file is checked;
 * one that is not what it should be is refused by name, and so are all results of a dry run.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseNcu } from '../../bench/gpu/roofline/ncu.mjs';
import { BpbError } from '../../dist/errors.js';
import * as schemas from './schemas.mjs';

/** Far more than any step writes; what is larger is not read. */
const FILE_BYTES_MAX = 64 * 2 ** 20;

export function refused(path, message, details = {}) {
  return new BpbError({ kind: 'input', code: 'BPB_GPU_RESULTS', path, message, ...details });
}

function read(path) {
  const about = lstatSync(path);
  if (!about.isFile() || about.size > FILE_BYTES_MAX) {
    throw refused(path, 'not a file of results', {
      expected: `a regular file of at most ${FILE_BYTES_MAX} bytes`,
      actual: about.isFile() ? `${about.size} bytes` : 'a link, folder or device',
    });
  }
  return readFileSync(path, 'utf8');
}

function parse(text, schema, path) {
  let value;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw refused(path, 'not JSON', {
      actual: error.message,
      hint: 'NaN and Infinity are no JSON. Where a killed step left a torn line in the middle, delete that line',
    });
  }
  const checked = (typeof schema === 'function' ? schema(value) : schema).safeParse(value);
  if (checked.success) return checked.data;
  const [issue] = checked.error.issues;
  const at = issue.path.join('.') || 'the whole';
  throw refused(path, `${at}: ${issue.message}`, { actual: text.slice(0, 200) });
}

/** Objects of a file of lines; a last line without its end is what a killed step left. */
function lines(folder, name, schema, key) {
  const path = join(folder, name);
  if (!existsSync(path)) return [];
  const whole = read(path).split('\n');
  whole.pop();
  const found = new Map();
  for (const [i, text] of whole.entries()) {
    if (text === '') continue;
    const row = parse(text, schema, `${path}:${i + 1}`);
    // A repeated step's line takes the place of the earlier one.
    found.set(JSON.stringify(key.map((field) => row[field] ?? null)), row);
  }
  return [...found.values()];
}

function one(folder, name, schema) {
  const path = join(folder, name);
  return existsSync(path) ? parse(read(path), schema, path) : null;
}

const names = (folder) => (existsSync(folder) ? readdirSync(folder).sort() : []);

function steps(folder) {
  const list = names(join(folder, 'steps')).filter((name) => name.endsWith('.json'));
  return new Map(
    list.map((name) => {
      const step = one(join(folder, 'steps'), name, schemas.stepSchema);
      if (`${step.step}.json` !== name) {
        throw refused(join(folder, 'steps', name), `step: is of ${step.step}`);
      }
      return [step.step, step];
    }),
  );
}

function profiles(folder) {
  return names(folder)
    .filter((name) => /^ncu-.+\.csv$/.test(name))
    .map((name) => {
      const path = join(folder, name);
      const about = one(folder, name.replace(/csv$/, 'json'), schemas.profileSchema);
      if (about === null) throw refused(path, `without ${name.replace(/csv$/, 'json')}`);
      try {
        return { ...about, path, kernels: parseNcu(read(path), path) };
      } catch (error) {
        if (error instanceof BpbError) throw error;
        throw refused(path, error.message);
      }
    });
}

const LOGITS = ['type', 'vocab', 'softcap', 'width'];

/** @throws BpbError (input) naming the file. */
function readFolder(folder) {
  const run = one(folder, 'run.json', schemas.runSchema);
  if (run === null) {
    throw refused(join(folder, 'run.json'), 'not there', {
      hint: 'give OUT of scripts/gpu-check.sh, with results.tar.gz in it, or the folder results/',
    });
  }
  // Before any figure is looked at: those of a dry run may be anything.
  const done = steps(folder);
  const dry = run.dry_run || [...done.values()].some((step) => step.dry_run);
  if (dry) {
    throw refused(join(folder, 'run.json'), 'results of a dry run: its values mean nothing', {
      expected: 'dry_run false, in every step',
      hint: 'run scripts/gpu-check.sh on a machine with a GPU, without --dry-run',
    });
  }
  const notJudged = [...done.values()].find(({ status }) => status === 'values not judged');
  if (notJudged !== undefined) {
    throw refused(
      join(folder, 'steps', `${notJudged.step}.json`),
      'values not judged, as in a dry run',
    );
  }
  const results = {
    run,
    steps: done,
    machine: one(folder, 'machine.json', schemas.machineSchema),
    checks: lines(folder, 'kernel-check.jsonl', schemas.checkSchema, ['group', 'variant', 'check']),
    lab: lines(folder, 'kernel-lab.jsonl', schemas.labSchema, ['kind', 'version', ...LOGITS]),
    operatorChecks: lines(folder, 'operators-check.jsonl', schemas.operatorCheckSchema, ['check']),
    operators: lines(folder, 'operators-lab.jsonl', schemas.operatorSchema, [
      ...['kind', 'operator', 'shape', 'type', 'version'],
    ]),
    peers: lines(folder, 'peers.jsonl', schemas.peerSchema, ['who', ...LOGITS]),
    tests: lines(folder, 'tests.jsonl', schemas.testSchema, ['test', 'done']),
    sotu: lines(folder, 'sotu.jsonl', schemas.sotuSchema, ['run', 'compare', 'repeat', 'ci']),
    endToEnd: lines(folder, 'end-to-end.jsonl', schemas.endToEndSchema, [
      'who',
      'shape',
      'variant',
      'window',
      'stride',
      'purpose',
      'batch_tokens',
      'sessions',
    ]),
    adaptive: lines(folder, 'adaptive.jsonl', schemas.adaptiveSchema, ['artifact']),
    profiles: profiles(folder),
  };
  const device = results.lab.find(({ kind }) => kind === 'device')?.name;
  if (device !== undefined && results.machine?.gpu != null && device !== results.machine.gpu.name) {
    throw refused(join(folder, 'kernel-lab.jsonl'), 'of another device than machine.json', {
      expected: results.machine.gpu.name,
      actual: device,
    });
  }
  return results;
}

/**
 * Results of OUT, of `OUT/results`, or of an unpacked folder.
 *
 * @throws BpbError (input) naming the file that is missing or wrong.
 */
export function readResults(out) {
  const archive = join(out, 'results.tar.gz');
  if (!existsSync(archive))
    return readFolder(existsSync(join(out, 'results')) ? join(out, 'results') : out);
  const folder = mkdtempSync(join(tmpdir(), 'bpb-results-'));
  try {
    const unpacked = spawnSync(
      'tar',
      ['-xzf', archive, '-C', folder, '--no-same-owner', 'results'],
      {
        encoding: 'utf8',
      },
    );
    if (unpacked.status !== 0) {
      throw refused(archive, 'not an archive with a folder results/', {
        actual: (unpacked.error?.message ?? unpacked.stderr).trim().split('\n')[0],
      });
    }
    return readFolder(join(folder, 'results'));
  } catch (error) {
    if (!(error instanceof BpbError) || !error.path?.startsWith(folder)) throw error;
    // The reader has the archive, not what it was unpacked to.
    const { message, expected, actual, hint } = error;
    const path = error.path.replace(folder, archive);
    throw refused(path, message, { expected, actual, hint });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

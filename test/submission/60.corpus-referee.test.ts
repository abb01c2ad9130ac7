/** The labels of the corpus and of the held-out scripts, by running its scripts in real Python: see corpus/referee.py. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../helpers/folder.js';
import { pythonWith } from '../helpers/python.js';
import {
  CORPUS,
  type CorpusScript,
  corpusScripts,
  HELD_OUT,
  packedScripts,
} from './corpus/corpus.js';

const python = pythonWith('torch', 'numpy', 'sentencepiece');
/** All scripts with the long tests, else every fourth: a minute of Python for all of them. */
const long = process.env['BPB_TEST_LONG'] !== undefined;
const SETS = [
  ['the corpus', CORPUS],
  ['held out', HELD_OUT],
] as const;

interface Answer {
  file: string;
  verdict: 'right' | 'wrong' | 'runs' | 'error';
  detail: string;
}

function refereed(root: string, entries: CorpusScript[]): Answer[] {
  const request = join(temporaryFolder(), 'request.json');
  writeFileSync(request, JSON.stringify({ root, entries }));
  const { stdout, stderr, status } = spawnSync(python!, [join(CORPUS, 'referee.py'), request], {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  if (status !== 0) throw new Error(stderr);
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

/** The scripts whose label the referee does not find, with what it found. */
function mistaken(root: string, entries: CorpusScript[]): string[] {
  const answers = refereed(root, entries);
  expect(answers.map(({ file }) => file)).toEqual(entries.map(({ file }) => file));
  return entries.flatMap((script, k) => {
    const { file, verdict, detail } = answers[k]!;
    return verdict === expected(script) ? [] : [`${file}: ${verdict}: ${detail}`];
  });
}

const expected = (script: CorpusScript) =>
  script.referee === 'not applicable' ? 'runs' : script.kind === 'right' ? 'right' : 'wrong';

describe.each(SETS)('the manifest: %s', (_, root) => {
  const scripts = corpusScripts(root);

  test('names files that exist, each once, and for a defect its part, checks, severity and line', () => {
    expect(new Set(scripts.map(({ file }) => file)).size).toBe(scripts.length);
    for (const script of scripts) {
      const { file, main, kind, lineFile } = script;
      const path = join(root, file, main ?? '');
      expect(existsSync(path), file).toBe(true);
      expect(file.startsWith(`${kind}/`), file).toBe(true);
      if (script.referee === 'not applicable') expect(script.reason, file).toBeTruthy();
      if (kind === 'right') continue;
      expect(script.part, file).toBeDefined();
      expect(script.checks?.length, file).toBeGreaterThan(0);
      expect(script.severity?.length, file).toBeGreaterThan(0);
      // Of a packed script it is the line of what is packed.
      if (/\/packed_/.test(file)) continue;
      const lines = readFileSync(join(root, file, lineFile ?? ''), 'utf8').split('\n');
      expect(lines[script.line! - 1]?.trim(), file).toBeTruthy();
    }
  });
});

describe.skipIf(python === undefined)('real Python with torch, numpy and sentencepiece', () => {
  test.each(SETS)(
    'right scripts print the right figures, defects wrong ones, and all of them run: %s',
    (_, root) => {
      const judged = corpusScripts(root).filter((_script, k) => long || k % 4 === 0);
      expect(mistaken(root, judged)).toEqual([]);
    },
    600_000,
  );

  test('so do scripts in every packing', () => {
    const folder = temporaryFolder();
    expect(mistaken(folder, packedScripts(folder))).toEqual([]);
  }, 600_000);
});

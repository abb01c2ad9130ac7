import { describe, expect, test } from 'vitest';
import { judgeProgram } from '#bpb/submission/simulation/judge-program';
import { readProgram } from '#bpb/submission/source/program';
import { SHORT } from './judged.js';
import { AT, scoreOf, trialOf } from './trials.js';

describe('a program', () => {
  const read = (text: string) =>
    readProgram('train_gpt.py', { folder: null, scripts: [{ file: null, text }] });
  const TEXT =
    'import torch\n\ndef eval_val(x):\n    loss = f(x)\n    return loss / n\n\nprint(1)\n';
  const trial = trialOf({ set: SHORT, windows: [] }, []);
  const stop = (line: number, reason: string) => ({ ...AT, line, reason });

  test('findings stand at the line of the score', async () => {
    const score = scoreOf({ set: SHORT, windows: [[31, 2_000]], line: 5 });
    const program = await read(TEXT);
    const { parts, findings: found } = judgeProgram(program, [
      trialOf({ set: SHORT, windows: [] }, [score]),
    ]);
    expect(found.map(({ node }) => TEXT.slice(node.from, node.to))).toEqual(['return loss / n']);
    expect(parts.map(({ verdict, line }) => [verdict, line])).toEqual([
      ['pass', null],
      ['pass', null],
      ['warn', 5],
      ['pass', null],
      ['pass', null],
    ]);
  });

  test('beside code that could not be read nothing is right', async () => {
    const hidden = `${TEXT}exec("".join(chr(ord(c) - 1) for c in CODES))\n`;
    const score = scoreOf({ set: SHORT, windows: [[1, 2_000]], line: 5 });
    const runs = [trialOf({ set: SHORT, windows: [] }, [score])];
    expect(judgeProgram(await read(TEXT), runs).parts[2]!.verdict).toBe('pass');
    const { parts } = judgeProgram(await read(hidden), runs);
    expect(parts.map(({ verdict, line }) => [verdict, line])).toEqual(
      Array(5).fill(['not_judged', 8]),
    );
  });

  test('what was not followed is not judged, with the stop in the evaluation', async () => {
    const stops = [stop(4, 'f is not known'), stop(7, 'print')];
    const { parts } = judgeProgram(await read(TEXT), [{ ...trial, stops }]);
    expect(parts.map(({ verdict }) => verdict)).toEqual(Array(5).fill('not_judged'));
    expect(parts[2]).toMatchObject({
      line: 4,
      reason: 'not followed beyond line 4: f is not known',
    });
  });

  test('nothing run, nothing judged', async () => {
    const { parts } = judgeProgram(await read('x = 1\n'), [trial]);
    expect(parts[0]).toMatchObject({
      verdict: 'not_judged',
      line: null,
      reason: expect.stringMatching(/no run of the script/),
    });
  });

  test('a stop beyond the text, or of another file, is no crash', async () => {
    for (const at of [
      stop(900, 'x'),
      { ...stop(1, 'x'), path: 'other.py' },
      { ...stop(1, 'x'), layer: 3 },
    ]) {
      const { parts } = judgeProgram(await read(TEXT), [{ ...trial, stops: [at] }]);
      expect(parts[0]!.verdict).toBe('not_judged');
    }
  });
});

/**
 * Which lines of a log are finals, which of several counts, and which runs a file has.
 */
import { describe, expect, test } from 'vitest';
import { claimTrainingLog } from '#bpb/submission/claim/judge-log';
import { parseLog } from '#bpb/submission/log/read';

const PAIR = 'val_loss:2.07234577 val_bpb:1.22735990';
const roles = (...lines: string[]) => parseLog(lines.join('\n')).lines.map(({ role }) => role);
const judge = (...lines: string[]) => claimTrainingLog(parseLog(lines.join('\n')));
const figures = (loss: number) =>
  `val_loss:${loss.toFixed(8)} val_bpb:${(loss / Math.LN2 / 2.43593).toFixed(8)}`;

describe('steps under any prefix are no finals', () => {
  test.each([
    `1712345678.12 step:200/20000 ${PAIR}`,
    `1776143230.663 4000/20000 ${PAIR}`,
    `1712345678123 step:200/20000 ${PAIR}`,
    `1712345678: 200/20000 ${PAIR}`,
    `2026-04-01T12:00:00.123Z step:200/20000 ${PAIR}`,
    `2026-04-01 12:00:00,123 - INFO - step:200/20000 ${PAIR}`,
    `[2026-04-01 12:00:00] [rank0]: step:200/20000 ${PAIR}`,
    `12:00:00 200/20000 ${PAIR}`,
    `12:00:00.5 1712345678.1 INFO:root:step 200 ${PAIR}`,
    `[step 200/20000] ${PAIR}`,
    `[200/20000] ${PAIR}`,
    `validation at step 200/20000: ${PAIR}`,
    `200: ${PAIR}`,
    `epoch 3/10 ${PAIR}`,
    `INFO 2026-01-01 step=7 ${PAIR}`,
    `global_step=100 ${PAIR}`,
    `training step 300: ${PAIR}`,
    `100%|███| 10/10 [00:10<00:00] ${PAIR}`,
    `best so far ${PAIR}`,
    `(worker pid=12) step:6/10 ${PAIR}`,
    `iter 200 ${PAIR}`,
    `${PAIR} step:200/20000`,
    `eval ${PAIR} step:200/20000`,
    `{"step": 200, "val_loss": 2.07, "val_bpb": 1.22}`,
  ])('%s', (line) => {
    expect(roles(line)).toEqual(['step']);
  });

  test.each([
    `1712345678.12 final_int8_zlib_roundtrip_exact ${PAIR}`,
    `1776144163.319 quantized_ttt_phased ${PAIR} eval_time:504949ms`,
    `[rank0]: ${PAIR}`,
    `2026-04-01 12:00:00 ${PAIR}`,
    `final eval at step 20000/20000 ${PAIR}`,
    `final_exact ${PAIR} step:20000 steps:6922`,
    `ttt_sliding:done val_loss=2.07234577 val_bpb=1.2273599 elapsed=405.0s`,
    `{"val_loss": 2.07, "val_bpb": 1.22}`,
    `[19:35:17] {"seed": 42, "post_ttt_val_loss": 2.07, "post_ttt_val_bpb": 1.22}`,
  ])('but %s is one', (line) => {
    expect(roles(line)).toEqual(['final']);
  });

  test('a label keeps no time stamp, and is never empty where the line has words', () => {
    const labels = parseLog(`1776144163.319 quantized ${PAIR}\nttt_sliding:done ${PAIR}`).lines;
    expect(labels.map(({ label }) => label)).toEqual(['quantized', 'ttt_sliding:done']);
  });
});

describe('figures printed as JSON', () => {
  test('on lines of their own', () => {
    const text = ['{', '"post_ttt_val_loss": 2.32843161,', '"post_ttt_val_bpb": 1.06400238,', '}'];
    expect(parseLog(text.join('\n')).finals).toMatchObject([
      { label: 'post_ttt', valLoss: '2.32843161', valBpb: '1.06400238', lineNumber: 3 },
    ]);
  });

  test.each([
    ['code', 'best = {"val_loss": 2.07, "val_bpb": 1.22}'],
    ['a call', 'log({"val_loss": 2.07, "val_bpb": 1.22})'],
    ['figures far apart', `"val_loss": 2.07,\n${'x\n'.repeat(9)}"val_bpb": 1.22,`],
    ['figures of two evaluations', '"a_val_loss": 2.07,\n"b_val_bpb": 1.22,'],
  ])('%s is no score', (_, text) => {
    expect(() => parseLog(text)).toThrow(expect.objectContaining({ code: 'BPB_LOG_NO_SCORE' }));
  });
});

describe('a bpb alone', () => {
  test('is listed beside the scores of a log, with the line that has its loss', () => {
    const { finals, findings, headline } = judge(`final ${PAIR}`, '---', 'val_bpb:   1.22735990');
    expect(finals.map(({ claim, counted }) => [claim?.verdict, counted])).toEqual([
      ['fits', true],
      [undefined, false],
    ]);
    expect(headline.line.lineNumber).toBe(1);
    expect(findings).toMatchObject([{ check: 'bpb-alone', severity: 'info', line: 3 }]);
  });

  test('of another figure is a warning', () => {
    const { findings } = judge(`final ${PAIR}`, 'val_bpb: 1.1');
    expect(findings).toMatchObject([{ check: 'bpb-alone', severity: 'warn' }]);
  });
});

describe('several finals', () => {
  test('the last counts, and none before quantization', () => {
    const { headline, findings } = judge(
      `final_roundtrip ${figures(2.1)}`,
      `final_sliding ${figures(2.0)}`,
      `DIAGNOSTIC post_ema ${figures(1.9)}`,
    );
    expect(headline.line.label).toBe('final_sliding');
    expect(findings.map(({ check }) => check)).toEqual([]);
  });

  test('a later evaluation that went wrong does not, and is said', () => {
    const { headline, findings } = judge(
      `final_int6_sliding ${figures(2.0)}`,
      `final_int6_ttt ${figures(2.4)}`,
    );
    expect(headline.line.label).toBe('final_int6_sliding');
    expect(findings).toMatchObject([{ check: 'later-final-worse', severity: 'warn', line: 2 }]);
  });

  test('one with a mistake does not count as the best', () => {
    const wrong = `final_ppm val_loss:2.00000000 val_bpb:${(2 / Math.LN2 / (2.43593 * 1.17)).toFixed(8)}`;
    const { headline, finals, family } = judge(wrong, `final ${figures(2.0)}`);
    expect(headline.line.label).toBe('final');
    // The other score shows the tokenizer, with which this one is a mistake.
    expect([family, finals[0]!.claim?.verdict]).toEqual(['sp1024', 'mistake']);
    expect(judge(wrong).finals[0]!.claim?.verdict).toBe('ambiguous');
  });
});

describe('several runs in one file', () => {
  const run = (loss: number) => [
    `step:0/100 ${figures(7)}`,
    `step:100/100 ${figures(3)}`,
    `final_exact ${figures(loss)}`,
  ];

  test('each has a score that counts; the headline is that of the last', () => {
    const { finals, headline, findings } = judge(...run(2.0), ...run(2.1), ...run(2.05));
    expect(finals.map((final) => [final.run, final.counted])).toEqual([
      [1, true],
      [2, true],
      [3, true],
    ]);
    expect(headline.line.lineNumber).toBe(9);
    expect(findings).toMatchObject([{ check: 'several-runs', severity: 'warn', line: 6 }]);
  });

  test('are told apart by their labels where no step is printed', () => {
    const { finals } = judge(`a_exact ${figures(2.0)}`, `a_exact ${figures(2.1)}`);
    expect(finals.map((final) => final.run)).toEqual([1, 2]);
  });

  test('one run printed twice, or by every rank, counts once', () => {
    const twice = judge(...run(2.0), ...run(2.0));
    expect(twice.finals.map(({ counted }) => counted)).toEqual([false, true]);
    expect(twice.findings).toMatchObject([{ check: 'several-runs', severity: 'info' }]);
    const ranks = judge(...run(2.0), `final_exact ${figures(2.0)}`);
    expect(ranks.findings).toEqual([]);
  });

  test('another stride under the same label is no other run', () => {
    const { finals } = judge(
      `final_sliding ${figures(2.01)} (stride=64, T=1.0)`,
      `final_sliding ${figures(2.0)} (stride=16, T=1.0)`,
    );
    expect(finals.map((final) => [final.run, final.counted])).toEqual([
      [1, false],
      [1, true],
    ]);
  });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { claimTrainingLog } from '#bpb/submission/claim/judge-log';
import { parseLog, readLog } from '#bpb/submission/log/read';

const HEAD = `val_bpb:enabled tokenizer_kind=sentencepiece tokenizer_path=./t/fineweb_1024_bpe.model
train_loader:dataset:made_up train_shards:80
val_loader:shards pattern=./data/datasets/made_up/fineweb_val_*.bin tokens:62021632
train_batch_tokens:524288 train_seq_len:1024 iterations:20000
step:200/20000 val_loss:2.8382 val_bpb:1.6810 train_time:8737ms step_avg:43.69ms
`;
const EXACT = 'final_int8_zlib_roundtrip_exact val_loss:2.07234577 val_bpb:1.22735990\n';
const SLIDING = 'final_int8_zlib_roundtrip_exact val_loss:2.01348383 val_bpb:1.19250007\n';

const judge = (text: string) => claimTrainingLog(parseLog(text));
const checks = (text: string) => judge(text).findings.map(({ check }) => check);

describe('misuse', () => {
  test.each([
    ['empty', ''],
    ['prose', 'nothing of the kind\n'],
    ['code', 'log0(f"final val_loss:{x:.4f} val_bpb:{y:.4f}")\n'],
    ['a comment', '# baseline: val_loss:2.0727 val_bpb:1.2244\n'],
    ['a half', 'val_loss:2.07\nval_bpb:1.22\n'],
    ['a version', 'val_loss:2.07.1 val_bpb:1.22x\n'],
  ])('%s has no score line and is refused', (_, text) => {
    expect(() => parseLog(text, 'a.log')).toThrow(
      expect.objectContaining({ code: 'BPB_LOG_NO_SCORE', kind: 'input', path: 'a.log' }),
    );
  });

  test('a missing file and a directory are refused', async () => {
    for (const path of ['/no/such.log', '.']) {
      await expect(readLog(path)).rejects.toMatchObject({ code: 'BPB_LOG_MISSING', path });
    }
  });

  test('any bytes are a log or a refusal, never a crash', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), (bytes, scored) => {
        const log = Buffer.concat([bytes, Buffer.from(scored ? `\n${EXACT}` : '')]);
        if (!scored) {
          try {
            parseLog(log);
          } catch (error) {
            expect(error).toMatchObject({ code: 'BPB_LOG_NO_SCORE' });
          }
        } else if (bytes[0] !== 0xff && bytes[0] !== 0xfe) {
          expect(claimTrainingLog(parseLog(log)).headline.claim?.verdict).toBe('fits');
        }
      }),
    );
  });

  test('any words around the figures are a label and extras', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (before, after) => {
        try {
          judge(`${before} val_loss:2.07234577 val_bpb:1.22735990 ${after}`);
        } catch (error) {
          expect(error).toMatchObject({ code: 'BPB_LOG_NO_SCORE' });
        }
      }),
    );
  });

  test('figures that are no numbers fail the log and do not stop it', () => {
    const found = judge(`${HEAD}final_exact val_loss:nan val_bpb:inf\n`);
    expect(found.headline.claim).toBeNull();
    expect(found.findings).toMatchObject([{ check: 'not-a-number', severity: 'fail', line: 6 }]);
  });

  test('a pair named __proto__ is a pair', () => {
    const { extras } = parseLog('final val_loss:2.0 val_bpb:1.2 __proto__:1 toString:2').lines[0]!;
    expect(Object.keys(extras)).toEqual(['__proto__', 'toString']);
  });
});

describe('reading', () => {
  test('colours, CRLF, progress bars, UTF-16 and byte order marks do not matter', () => {
    const plain = HEAD + EXACT;
    const variants: (string | Uint8Array)[] = [
      plain.replaceAll('\n', '\r\n'),
      `\u001b[2K\u001b[1;32m${plain.replace('final', '\u001b[31mfinal\u001b[0m')}`,
      plain.replace('final', ' 99%|#####| 780/782\rfinal'),
      Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(plain, 'utf16le')]),
      Buffer.from(`\ufeff${plain}`),
      Buffer.concat([Buffer.from([0x80, 0xc0, 0x0a]), Buffer.from(plain)]),
    ];
    for (const variant of variants) {
      const log = parseLog(variant);
      expect(log.finals).toHaveLength(1);
      expect(log.finals[0]).toMatchObject({
        label: 'final_int8_zlib_roundtrip_exact',
        valLoss: '2.07234577',
      });
      expect(log.facts).toMatchObject({ valTokens: 62_021_632, trainShards: 80 });
    }
  });

  test('lines of many megabytes are skipped in time', () => {
    const dump = `${'x='.repeat(2_000_000)}val_loss:1.0 val_bpb:1.0\n${'val_loss:'.repeat(400_000)}\n`;
    const log = parseLog(dump + EXACT);
    expect(log.lines).toHaveLength(1);
    expect(log.longLines).toBe(2);
  });

  test('every label of the challenge is a final, steps and running figures are not', () => {
    const pair = 'val_loss:2.07234577 val_bpb:1.22735990';
    const finals = [
      `final_int8_zlib_roundtrip ${pair} eval_time:1399ms`,
      `final_ttt_lora ${pair} eval_time:72361ms`,
      `final_sliding_window_eval_exact stride:64 ${pair}`,
      `final_sliding ${pair} (stride=16, T=0.90) eval_time:428712ms`,
      `legal_ttt_exact ${pair}`,
      `quantized_sliding_window ${pair} eval_time:83990ms`,
      `[rank0]: 2026-04-01T10:00:00 final_int6_roundtrip_exact ${pair}`,
      `anything at all ${pair}`,
    ];
    const others = [
      `step:200/20000 ${pair} train_time:8737ms`,
      '4000/20000 val_loss: 2.9184 val_bpb: 1.1298',
      'ttt_progress: batch 9/782 batch_loss:3.2 batch_bpb:1.2 running_loss:2.79 running_bpb:1.07 doc_len:87-89',
      'ttp: b781/782 bl:2.1722 bb:1.0628 rl:2.1722 rb:1.0628 dl:17258-30330 gd:0',
      `DIAGNOSTIC post_ema ${pair} eval_time:2056ms`,
      `pre-quantization post-ema ${pair}`,
    ];
    const log = parseLog([...finals, ...others].join('\n'));
    expect(log.lines.map(({ role }) => role)).toEqual([
      ...finals.map(() => 'final'),
      'step',
      'step',
      'progress',
      'progress',
      'diagnostic',
      'diagnostic',
    ]);
    expect(log.lines.slice(0, finals.length).map(({ label }) => label)).toEqual([
      'final_int8_zlib_roundtrip',
      'final_ttt_lora',
      'final_sliding_window_eval_exact',
      'final_sliding',
      'legal_ttt_exact',
      'quantized_sliding_window',
      'final_int6_roundtrip_exact',
      'anything at all',
    ]);
    expect(log.lines[3]?.extras).toMatchObject({ stride: '16', T: '0.90', eval_time: '428712ms' });
  });

  test('facts come from lists, from key=value lines and from the loader', () => {
    const { facts } = parseLog(`${HEAD}  eval_seq_len: 2048
  tokenizer_path: /x/fineweb_8192_bpe_lossless_caps_caseops_v1_reserved.model
val_bpb:byte_sidecar:enabled
val_tokens: 47851520
ttt_phased: total_docs:50000 prefix_docs:2500
lr=0.1 sliding_eval_stride=16 vocab_size=8192
Serialized model int6+zstd: 15913048 bytes (payload:1 raw_torch:2)
Code size (compressed): 27310 bytes
budget:15995705/16000000 (16.00/16.00MB) FITS
${EXACT}`);
    expect(facts).toMatchObject({
      evalSeqLen: 2048,
      trainSeqLen: 1024,
      valTokens: 47_851_520,
      sidecar: true,
      documents: 50_000,
      stride: 16,
      vocabSize: 8192,
      tokenizerPath: expect.stringContaining('caseops'),
      sizes: [
        { kind: 'model', bytes: 15_913_048, packed: true },
        { kind: 'code', bytes: 27_310 },
        { kind: 'total', bytes: 15_995_705, packed: true },
      ],
    });
  });
});

describe('figures on one line', () => {
  const read = (line: string) =>
    parseLog(line).lines.map(({ label, valLoss, valBpb, role }) => [label, valLoss, valBpb, role]);

  test.each([
    ['final val_loss:2.07 val_bpb:1.23 val_loss:2.08 val_bpb:1.24'],
    ['final val_loss:2.07 val_loss:2.08 val_bpb:1.23 val_bpb:1.24'],
    ['final val_bpb:1.23 val_bpb:1.24 val_loss:2.07 val_loss:2.08'],
  ])('every pair of %s is read', (line) => {
    expect(read(line)).toEqual([
      ['final', '2.07', '1.23', 'final'],
      ['final', '2.08', '1.24', 'final'],
    ]);
  });

  test('a second bpb for one loss is one more score, the same pair again is none', () => {
    expect(read('x val_loss:2.07 val_bpb:1.23 val_bpb:1.05').map((row) => row[2])).toEqual([
      ...['1.23', '1.05'],
    ]);
    expect(read('x val_loss:2.07 val_bpb:1.23 best val_loss:2.07 val_bpb:1.23')).toHaveLength(1);
  });

  test('names with a word before them are pairs of their own', () => {
    expect(read('final raw_val_loss:2.1 val_loss:2.0 val_bpb:1.2 raw_val_bpb:1.3')).toEqual([
      ['final raw', '2.1', '1.3', 'final'],
      ['final', '2.0', '1.2', 'final'],
    ]);
    expect(read('running_val_loss=2.1 running_val_bpb=1.3')[0]?.[3]).toBe('progress');
    expect(() => read('train_val_loss:2.1 val_bpb:1.3')).toThrow(/no score line/);
  });

  test.each([
    ['final val_loss:2,07 val_bpb:1,23'],
    ['final val_loss:2,07, val_bpb:1,23, more'],
    ['final val_loss: 2.07, val_bpb: 1.23.'],
    ['final val_loss:2.07,val_bpb:1.23'],
  ])('%s has decimals, whatever sets them apart', (line) => {
    expect(read(line)).toEqual([['final', '2.07', '1.23', 'final']]);
  });

  test.each(['2,072,345', '2,07.5', '2.07,5', '2.0.7'])('%s is no figure', (figure) => {
    expect(() => read(`final val_loss:${figure} val_bpb:1.23`)).toThrow(/no score line/);
  });
});

describe('findings', () => {
  test('a right log has none', () => {
    expect(checks(HEAD + EXACT)).toEqual([]);
  });

  test('a sliding score under the label of a round trip is recognized by its fingerprint', () => {
    const found = judge(HEAD + SLIDING);
    expect(found.headline.window).toEqual({ mode: 'sliding', by: 'bytes per token' });
    expect(found.findings).toMatchObject([{ check: 'label-window', severity: 'warn', line: 6 }]);
  });

  test('a rounded line takes its fingerprint from the line with more digits', () => {
    const rounded = 'final_int8_zlib_roundtrip val_loss:2.0135 val_bpb:1.1925 eval_time:69881ms\n';
    const { finals } = judge(HEAD + rounded + SLIDING);
    expect(finals[0]).toMatchObject({ exactLine: 7, window: { mode: 'sliding' } });
  });

  test('two denominators in one log', () => {
    const other = 'final_ppm_exact val_loss:2.33730724 val_bpb:0.97955600\n';
    const found = judge(
      `val_tokens: 47851520\nfinal val_loss:2.33730724 val_bpb:1.06805820\n${other}`,
    );
    expect(found.findings.find(({ check }) => check === 'two-denominators')).toMatchObject({
      severity: 'fail',
      line: 3,
    });
  });

  test('the traces of training on validation documents', () => {
    const base = HEAD + EXACT;
    expect(checks(base.replace('train_shards:80', 'train_shards:1499'))).toEqual([
      'train-val-overlap',
    ]);
    expect(checks(base.replace('datasets/made_up', 'datasets/datasets/made_up'))).toEqual([
      'train-val-overlap',
    ]);
    const caseOps =
      'train_shards: 39\nval_tokens: 47851520\nx val_loss:2.33730724 val_bpb:1.06805820';
    expect(checks(caseOps)).toEqual(['train-val-overlap']);
    expect(checks(base.replace('train_shards:80', 'train_shards:39'))).toEqual([]);
  });

  test('the cap is decimal, and the raw checkpoint is not the artifact', () => {
    const sizes = (model: number, code: number, total: number) =>
      `Serialized model: 67224983 bytes\nCode size: ${code} bytes\nTotal submission size: ${67224983 + code} bytes
Serialized model int8+zlib: ${model} bytes\nTotal submission size int8+zlib: ${total} bytes\n${EXACT}`;
    expect(checks(sizes(15_950_000, 50_000, 16_000_000))).toEqual([]);
    expect(checks(sizes(15_950_001, 50_000, 16_000_001))).toEqual(['size']);
    expect(checks(sizes(16_700_000, 50_000, 16_750_000))).toEqual(['size']);
    expect(checks(sizes(15_800_000, 50_000, 15_800_000))).toEqual(['size-sum']);
  });

  test('a log that breaks off is judged by its last step, and says so', () => {
    expect(checks(HEAD)).toEqual(['no-final']);
    expect(judge(HEAD).headline.line.label).toBe('step:200/20000');
  });

  test('steps over a part of the set have another denominator, which is no fault of the finals', () => {
    const step = (perToken: number, at = 100) =>
      `step:${at}/200 val_loss:2.60000 val_bpb:${(2.6 / Math.LN2 / perToken).toFixed(5)}\n`;
    const severity = (...lines: string[]) =>
      judge(lines.join('')).findings.find(({ check }) => check === 'two-denominators')?.severity;
    expect(severity(step(2.4437), EXACT)).toBe('warn');
    expect(severity(step(2.53), EXACT)).toBe('fail');
    expect(severity(step(2.4437), step(2.4359, 200), EXACT)).toBe('fail');
    expect(severity(step(2.4359), EXACT, EXACT.replace('1.22735990', '1.22344000'))).toBe('fail');
  });

  test('known mistakes in a log fail it', () => {
    const bpb = (2.0 / Math.LN2 / (2.43593 * 1.17)).toFixed(8);
    const found = judge(
      `${HEAD.replace(/step.*\n/, '')}final_exact val_loss:2.00000000 val_bpb:${bpb}\n`,
    );
    expect(found.findings).toMatchObject([{ check: 'accounting', severity: 'fail' }]);
    expect(found.headline.claim?.fits[0]?.id).toBe('leading-space-twice');
  });
});

/**
 * The published logs of thirteen submissions, each with the verdict that was checked by hand.
 *
 * The logs are not part of this repository; without them the test says which it left out.
 */
import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { claimLog } from '#bpb/submission/claim/judge-log';
import { sharedFile } from '../helpers/shared-data.js';

type Row = [
  file: string,
  family: string,
  verdict: string,
  set: string,
  window: string,
  findings: string[],
];

const MAIN = 'track_10min_16mb';
const SIDE = 'track_non_record_16mb';
const ALIKE = ['label-window', 'label-codec'];

// Headline of each log; findings are all of the log's, each named once.
// biome-ignore format: a table is read by its columns
const TABLE: Row[] = [
  ...[0, 1, 2, 3].map((v): Row => [`${MAIN}/2026-03-17_LoRA_TTT/train_v${v}.txt`, 'sp1024', 'fits', 'sp1024, chunks', 'adaptive', []]),
  [`${MAIN}/2026-03-17_NaiveBaseline/train.log`, 'sp1024', 'other-set', 'the naive baseline’s own set', 'standard', ['accounting']],
  ...['', '_seed42'].map((s): Row => [`${MAIN}/2026-03-18_FP16Embed_WD3600/train${s}.log`, 'sp1024', 'fits', 'sp1024, chunks', 'standard', []]),
  [`${MAIN}/2026-03-19_SlidingWindowEval/train.log`, 'sp1024', 'fits', 'sp1024, sliding 1024/64', 'sliding', ['label-window']],
  ...[42, 1337, 2024].map((s): Row => [`${MAIN}/2026-03-20_10L_Int5MLP_MuonWD04_SWA50/train_seed${s}.log`, 'sp1024', 'fits', 'sp1024, sliding 2048/64', 'sliding', ALIKE]),
  // No published build of an 8,192-piece tokenizer has these bytes per token, and no count is printed.
  ...[7, 42, 1337].map((s): Row => [`${MAIN}/2026-03-24_74M_Ternary_UNet_FP8_10L_8192BPE_YaRN_NeoMuon/ternary_log_${s}.txt`, 'sp8192', 'near', '', 'sliding', ['accounting']]),
  ...[42, 314, 999].map((s): Row => [`${MAIN}/2026-03-25_ValCalib_GPTQ_XSA_BigramHash3072/train_seed${s}.log`, 'sp1024', 'fits', 'sp1024, sliding 2048/64', 'sliding', ALIKE]),
  ...[1, 42, 1234, 1337, 2025].map((s): Row => [`${MAIN}/2026-04-05_SP8192_GPTQ-Embeddings_SDClip_Loop45x2/train_seed${s}.log`, 'sp8192', 'fits', 'sp8192', 'sliding', []]),
  // Their diagnostics drop each rank's remainder: said as information, the headline is whole.
  ...[0, 1, 2].map((s): Row => [`${MAIN}/2026-04-10_VarLenAttn/logs/train${s}.txt`, 'sp8192', 'fits', 'sp8192', 'adaptive', ['accounting']]),
  ...[0, 42, 1234].map((s): Row => [`${MAIN}/2026-04-18_PR1626_CaseOps_Taper/train_seed${s}.log`, 'caseops-sp8192', 'fits', 'CaseOps sp8192 with its sidecar', 'adaptive', ['accounting']]),
  ...[0, 42, 1234].map((s): Row => [`${MAIN}/2026-04-27_SP8192_LQER_SparseGate_BOSSmearFix_9HpStack_1.0611/train_seed${s}.log`, 'caseops-sp8192', 'fits', 'CaseOps sp8192 with its sidecar', 'adaptive', ['accounting']]),
  ...['4h', 'best_10_min'].map((s): Row => [`${SIDE}/2026-03-29_HNet_ByteVsSubword_Study/train_byte260_${s}.log`, 'byte260', 'fits', 'byte260', 'standard', []]),
  [`${SIDE}/2026-03-29_HNet_ByteVsSubword_Study/train_sp1024_best_10_min.log`, 'sp1024', 'fits', 'sp1024, chunks', 'standard', []],
  [`${SIDE}/2026-04-15_Mamba3Hybrid_SP8192_GPTQ_TTT/train_seed1337.log`, 'sp8192', 'fits', 'sp8192, stateful overlap at 4096', 'adaptive', ALIKE],
];

const RECORDS = sharedFile('records');

test.skipIf(RECORDS === null).each(TABLE)(
  '%s',
  async (file, family, verdict, set, window, findings) => {
    const judged = await claimLog(`${RECORDS}/${file}`);
    const { claim, window: evidence } = judged.headline;
    expect({
      family: judged.family,
      verdict: claim?.verdict,
      set: claim?.fits.find(({ kind }) => kind === 'set')?.name ?? '',
      window: evidence.mode,
      findings: [...new Set(judged.findings.map(({ check }) => check))],
    }).toEqual({ family, verdict, set, window, findings });
  },
);

test.skipIf(RECORDS === null)('the table names every log that there is', () => {
  const logs = readdirSync(RECORDS!, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(?:log|txt)$/.test(name))
    .map((name) => name.replaceAll('\\', '/'));
  expect(TABLE.map(([file]) => file).sort()).toEqual(logs.sort());
});

test.skipIf(RECORDS === null)('every final of every log fits or is reported', async () => {
  for (const [file] of TABLE) {
    const { finals, findings } = await claimLog(`${RECORDS}/${file}`);
    for (const { line, claim, exactLine } of finals) {
      const reported = findings.some((f) => f.check === 'accounting' && f.line === line.lineNumber);
      expect([
        file,
        line.label,
        claim?.verdict === 'fits' || reported || exactLine !== null,
      ]).toEqual([file, line.label, true]);
    }
  }
});

test.skipIf(RECORDS === null)(
  'the overwritten label of the GPTQ record is reported on its line',
  async () => {
    const record = '2026-03-25_ValCalib_GPTQ_XSA_BigramHash3072';
    const { finals, findings } = await claimLog(`${RECORDS}/${MAIN}/${record}/train_seed42.log`);
    expect(finals.map(({ line, window }) => [line.label, window.mode])).toEqual([
      ['DIAGNOSTIC post_ema', 'unknown'],
      ['final_int6_roundtrip', 'standard'],
      ['final_int6_roundtrip_exact', 'standard'],
      ['final_int6_sliding_window', 'sliding'],
      ['final_int6_sliding_window_exact', 'sliding'],
      ['final_int8_zlib_roundtrip_exact', 'sliding'],
    ]);
    expect(findings.find(({ check }) => check === 'label-window')?.line).toBe(85);
  },
);

/**
 * Real results of every command, from as few small runs as show every field.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import * as bpb from '#bpb/index';
import { onnxModel } from '#bpb/onnx/writer';
import { errorJson } from '#bpb/report/error';
import { writeCounts } from '../helpers/adaptive.js';
import {
  attention,
  byteGraph,
  byteModel,
  changedTable,
  lookAhead,
} from '../helpers/byte-models.js';
import { savedApart } from '../helpers/external.js';
import { seededTexts, VOCABULARY } from '../helpers/score-fixture.js';
import { LUT } from '../submission/scripts.js';
import type { Inputs } from './inputs.js';

/** Documents by the schema whose fields a docs page lists, or by a name where two share one. */
export type Results = Readonly<Record<string, readonly unknown[]>>;

/** A byte of the documents (`a`), which one model gives no probability. */
const NEVER = 97 + 4;

/** Rules that hold of chunks. */
const RULES = { format: 'bpb-rules/1', name: 'chunks', windows: { modes: ['chunk'] } };

export async function allResults({ at }: Inputs): Promise<Results> {
  const texts = seededTexts(12);
  writeFileSync(at('bytes.jsonl'), texts.map((text) => `${JSON.stringify({ text })}\n`).join(''));
  const others = seededTexts(4, 6).map((text) => `${JSON.stringify({ text })}\n`);
  writeFileSync(at('control.jsonl'), others.join(''));
  const { model, data } = savedApart(byteModel(attention), 'attention.data');
  writeFileSync(at('attention.onnx'), model);
  writeFileSync(at('attention.data'), data);
  mkdirSync(at('init'));
  writeFileSync(at('init', 'model.onnx'), byteModel(attention));
  const ahead = byteGraph(lookAhead(1, 4));
  const mask = { name: 'attention_mask', type: 'int64', dims: ['batch', 'time'] } as const;
  writeFileSync(at('ahead.onnx'), onnxModel({ ...ahead, inputs: [...ahead.inputs, mask] }));
  const never = changedTable((table) => {
    for (let id = 0; id < VOCABULARY; id++)
      table[id * VOCABULARY + NEVER] = Number.NEGATIVE_INFINITY;
  });
  writeFileSync(at('never.onnx'), byteModel(never));
  mkdirSync(at('adaptive'));
  writeCounts(at('adaptive'));
  writeFileSync(at('wrong.py'), `${LUT}\nval_bpb = val_loss / (math.log(2) * 3.5)\n`);
  writeFileSync(at('long.log'), LOG);
  writeFileSync(at('damaged.model'), 'no model');
  writeClaims(at);
  const ledger = readFileSync(at('run.jsonl'), 'utf8').split('\n');
  writeFileSync(at('broken.jsonl'), ledger.toSpliced(1, 1).join('\n'));

  const run = { workers: 1, threads: 1 } as const;
  const bytes = { tokenizer: 'byte260', docs: at('bytes.jsonl') } as const;
  writeFileSync(at('rules.json'), JSON.stringify(RULES));
  const rules = at('rules.json');
  const chunk = { ...bytes, ...run, window: 'chunk', seqLen: 30 } as const;
  const artifact = at('models', 'sotu-8x256');
  const shards = { data: [at('shards')], tokenizer: at('tokenizer.model') };
  const claimed = { ledger: at('run.jsonl'), targets: at('targets.f32') };
  return {
    score: [
      await bpb.score({
        artifact,
        data: shards.data,
        docs: at('docs.jsonl'),
        ledger: at('a'),
        out: at('out'),
        ...run,
      }),
      await bpb.score({
        artifact: at('attention.onnx'),
        ...{ ...chunk, optimize: true, rules },
        controlDocs: at('control.jsonl'),
      }),
      await bpb.score({ artifact: at('never.onnx'), ...chunk, verifyRows: 0 }),
      await bpb.score({ artifact: at('ahead.onnx'), ...chunk, strict: true, everyRow: true }),
      await bpb.score({ artifact: at('adaptive'), ...bytes, ...run }),
    ],
    verify: [
      await bpb.verify({ result: at('results'), artifact }),
      await bpb.verify({ result: at('results') }),
    ],
    claimed: [await bpb.scoreClaimed({ ...claimed, ...shards })],
    probe: [await bpb.probe({ artifact: at('ahead.onnx'), rules, ...chunk, everyRow: true })],
    ledger: [
      await bpb.probeLedger({ ledger: at('run.jsonl'), ...shards }),
      await bpb.probeLedger({ ledger: at('broken.jsonl') }),
    ],
    audit: [
      await bpb.audit({
        ...shards,
        docs: at('docs.jsonl'),
        trainData: [at('shards', 'fineweb_val_000000.bin')],
        bytesPerToken: 3.5,
      }),
      await bpb.audit({ source: at('wrong.py') }),
    ],
    claim: [
      await bpb.claim({ valLoss: '2.07234577', valBpb: '1.22735990' }),
      await bpb.claim({ valLoss: '2.07234577', valBpb: '1.0516', tokens: 62_021_632 }),
      await bpb.claim({ logs: [at('long.log')] }),
      await bpb.claim({ logs: [at('claims'), at('nowhere.log')] }),
    ],
    tokenize: [
      await bpb.tokenize({
        docs: at('docs.jsonl'),
        tokenizer: at('tokenizer.model'),
        out: at('t'),
      }),
    ],
    doctor: [bpb.doctor()],
    init: [await bpb.init({ path: at('init') })],
    error: [
      await refusal(() => bpb.loadArtifact(at('nothing'))),
      await refusal(() => bpb.loadTokenizer(at('damaged.model'))),
    ],
  };
}

/** A submission with two logs, a summary with a score that cannot be judged, and a table with such a row. */
function writeClaims(at: Inputs['at']): void {
  const log = 'final_exact val_loss:2.07234577 val_bpb:1.22735990\n';
  const right = { val_loss: 2.07234577, val_bpb: 1.2273599 };
  const seed_results = { '42': right, '7': { val_bpb: -1, val_loss: 2 } };
  const mean = { val_loss: 2.05, val_bpb: 1.2, val_bpb_std: 0.1, val_tokens: 62_021_632 };
  const rows = [
    { name: 'a', ...right, tokens: 62_021_632 },
    { name: 'b', val_bpb: 1.2 },
  ];
  mkdirSync(at('claims'));
  writeFileSync(at('claims', 'train_seed42.log'), log);
  writeFileSync(at('claims', 'train_seed7.log'), log.replace('2.07234577', '2.07234677'));
  writeFileSync(at('claims', 'submission.json'), JSON.stringify({ ...mean, seed_results }));
  writeFileSync(at('claims', 'board_result.json'), JSON.stringify(rows));
}

async function refusal(call: () => unknown): Promise<unknown> {
  try {
    await call();
  } catch (error) {
    if (error instanceof bpb.BpbError) return JSON.parse(errorJson(error));
    throw error;
  }
  throw new Error('nothing was refused');
}

const LOG = `val_bpb:enabled tokenizer_kind=sentencepiece tokenizer_path=./t/fineweb_1024_bpe.model
train_loader:dataset:fineweb10B_sp1024 train_shards:1499
val_loader:shards pattern=./data/datasets/fineweb10B_sp1024/fineweb_val_*.bin tokens:62021632
step:200/20000 val_loss:2.8382 val_bpb:1.6810 train_time:8737ms step_avg:43.69ms
Serialized model int8+zlib: 15900000 bytes (payload:17000000 raw_torch:17000000 payload_ratio:3.9x)
Code size: 48000 bytes
Total submission size int8+zlib: 16100000 bytes
final_int8_zlib_roundtrip val_loss:2.0723 val_bpb:1.2274 eval_time:1400ms
final_int8_zlib_roundtrip_exact val_loss:2.07234577 val_bpb:1.22735990
final_int6_roundtrip_exact val_loss:2.07234577 val_bpb:1.05160000
final_sliding_window_exact stride:64 val_loss:2.01348383 val_bpb:1.19250007
`;

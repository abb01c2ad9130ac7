import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { writeShard } from '#bpb/data/shards';
import { claimedOptions } from '#bpb/evaluation/checks/claimed';
import type { ScoreOptions } from '#bpb/evaluation/options';
import { score } from '#bpb/score/score';
import { bpb } from '../helpers/command.js';
import { fileFolder } from '../helpers/folder.js';
import { honestModel, kindOfTexts } from '../helpers/memorizing.js';
import { refusalOf } from '../helpers/refusal.js';
import { byteStream } from '../helpers/score-fixture.js';

const folder = fileFolder();
const at = (...names: readonly string[]) => join(folder, ...names);
const VALIDATION = kindOfTexts(60, 1);
const OTHERS = kindOfTexts(60, 2);

function documents(name: string, texts: readonly string[], field = 'text'): string {
  const path = at(name);
  writeFileSync(path, texts.map((text) => `${JSON.stringify({ [field]: text })}\n`).join(''));
  return path;
}

/** A directory of one shard. */
async function shards(name: string, ids: readonly number[]): Promise<string> {
  mkdirSync(at(name));
  await writeShard(at(name, 'fineweb_val_000000.bin'), ids);
  return at(name);
}

let control: string;
let artifact: string;

beforeAll(() => {
  artifact = at('honest.onnx');
  writeFileSync(artifact, honestModel());
  documents('docs.jsonl', VALIDATION);
  control = documents('control.jsonl', OTHERS);
});

const refused = (options: Partial<ScoreOptions>) =>
  refusalOf(() =>
    score({
      ...{ artifact, docs: at('docs.jsonl'), tokenizer: 'byte260', window: 'chunk', seqLen: 32 },
      ...{ engine: 'onnx-js', workers: 1, threads: 1, verifyRows: 1 },
      ...options,
    }),
  );

describe('flags', () => {
  test('documents and shards at once', async () => {
    expect(await refused({ controlDocs: control, controlData: folder })).toMatchObject({
      code: 'BPB_USAGE_CONTROL',
      exitCode: 2,
      path: '--control-docs, --control-data',
    });
  });

  test('a part of the plan, which cuts documents', async () => {
    for (const flag of [{ controlDocs: control }, { controlData: folder }]) {
      const error = await refused({ ...flag, part: [1, 2] });
      expect(error).toMatchObject({ code: 'BPB_USAGE_CONTROL', exitCode: 2 });
      expect(error.actual).toBe('--part 1/2');
    }
  });

  test('empty names', async () => {
    for (const flag of [{ controlDocs: '' }, { controlData: '' }]) {
      expect(await refused(flag)).toMatchObject({ code: 'BPB_USAGE_CONTROL', exitCode: 2 });
    }
  });

  test('a claimed score, whose nats were made elsewhere', () => {
    const flags = { ledger: 'a', targets: 'b' };
    for (const given of ['controlDocs', 'controlData']) {
      expect(() => claimedOptions(undefined, flags, ['ledger', 'targets', given])).toThrow(
        expect.objectContaining({ code: 'BPB_USAGE_TARGETS', exitCode: 2 }),
      );
    }
  });

  test('on the command line: no value, and a sentence for each refusal', async () => {
    const flags = ['--docs', at('docs.jsonl'), '--tokenizer', 'byte260', '--window', 'chunk'];
    const command = ['score', artifact, ...flags, '--seq-len', '32'];
    const without = await bpb(...command, '--control-docs');
    expect([without.code, without.stderr]).toEqual([2, expect.stringContaining('--control-docs')]);
    const missing = await bpb(...command, '--control-docs', at('no.jsonl'));
    expect(missing.code).toBe(3);
    expect(missing.stderr).toContain('the control set: There is no such documents file.');
  });

  test('a field of texts that neither set of documents is there for', async () => {
    const error = await refused({ docs: undefined, data: ['sotu-val'], textField: 'body' });
    expect(error).toMatchObject({ code: 'BPB_USAGE_TEXT_FIELD', exitCode: 2 });
  });
});

describe('what cannot be read', () => {
  test.each<[string, () => Partial<ScoreOptions>, string]>([
    ['no such file', () => ({ controlDocs: at('none.jsonl') }), 'BPB_DATA_MISSING'],
    ['a directory as documents', () => ({ controlDocs: folder }), 'BPB_DATA_MISSING'],
    ['an empty file', () => ({ controlDocs: documents('e.jsonl', []) }), 'BPB_NO_DOCUMENTS'],
    ['no such directory', () => ({ controlData: at('none') }), 'BPB_DATA_MISSING'],
    ['a directory without shards', () => ({ controlData: bare() }), 'BPB_NO_SHARDS'],
    ['documents as shards', () => ({ controlData: control }), 'BPB_SHARD_FORMAT'],
    [
      'no such field',
      () => ({ controlDocs: documents('f.jsonl', OTHERS, 'body') }),
      'BPB_DOCUMENT_TEXT',
    ],
  ])('%s', async (_, options, code) => {
    const error = await refused(options());
    expect(error).toMatchObject({ code, exitCode: 3 });
    expect(error.message).toMatch(/^the control set: /);
    // The way out names the flags of a control set.
    expect(`${error.expected} ${error.hint}`).not.toMatch(/(?<!bpb tokenize )--(docs|data)\b/);
  });

  test('the way out is a command that there is, and holds for both sets', async () => {
    const asShards = await refused({ controlData: control });
    expect(asShards.hint).toContain(`--control-docs ${control},`);
    expect(asShards.hint).toContain(`bpb tokenize --docs ${control} --tokenizer`);
    const other = documents('field.jsonl', OTHERS, 'body');
    expect((await refused({ controlDocs: other })).hint).toBe(
      'One --text-field is for both sets of documents: name the field in one file as in the other.',
    );
    // Of shards there is no field that another one would contradict.
    const alone = { docs: undefined, data: ['sotu-val'], controlDocs: other };
    expect((await refused(alone)).hint).toContain('--text-field body');
  });

  function bare(): string {
    mkdirSync(at('bare'));
    return at('bare');
  }

  test('the field of the texts is that of both', async () => {
    const own = documents('own-body.jsonl', VALIDATION, 'body');
    const other = documents('other-body.jsonl', OTHERS, 'body');
    const base = { tokenizer: 'byte260', window: 'chunk', seqLen: 32, artifact } as const;
    const engine = { engine: 'onnx-js', workers: 1, threads: 1, verifyRows: 1 } as const;
    const named = { textField: 'body', controlDocs: other };
    const result = await score({ ...base, ...engine, docs: own, ...named });
    expect(result.generalisation?.verdict).toBe('pass');
    // Shards have none, and the control set has.
    const data = [await shards('validation', byteStream(VALIDATION))];
    const ofShards = await score({ ...base, ...engine, data, ...named });
    expect(ofShards.generalisation?.verdict).toBe('pass');
  });
});

describe('another tokenizer', () => {
  test('ids that the tokenizer has not', async () => {
    const controlData = await shards('beyond', [1, 300, 301, 1, 302]);
    const error = await refused({ controlData });
    expect(error).toMatchObject({ exitCode: 3 });
    expect(error.message).toMatch(/^the control set: /);
  });

  test('ids in range that no text has in this order, or that stand for none', async () => {
    const mixed = byteStream(OTHERS).map((id) => (id > 3 ? 4 + ((id * 97 + 31) % 256) : id));
    const foreign = await refused({ controlData: await shards('foreign', mixed) });
    expect(foreign).toMatchObject({ code: 'BPB_CONTROL_DATA', exitCode: 3 });
    expect(foreign.message).toContain('another tokenizer');
    const padded = [...byteStream(OTHERS), ...Array.from({ length: 400 }, () => 0)];
    const padding = await refused({ controlData: await shards('padded', padded) });
    expect(padding).toMatchObject({ code: 'BPB_CONTROL_DATA', exitCode: 3 });
    expect(padding.hint).toContain('--accept padding-at-end');
  });

  test('what is meant is accepted by its name, for either set', async () => {
    const padded = [...byteStream(OTHERS), ...Array.from({ length: 400 }, () => 0)];
    const result = await score({
      ...{ artifact, docs: at('docs.jsonl'), tokenizer: 'byte260', window: 'chunk', seqLen: 32 },
      ...{ engine: 'onnx-js', workers: 1, threads: 1, verifyRows: 1 },
      controlData: await shards('meant', padded),
      accept: ['padding-at-end'],
    });
    expect(result.generalisation?.verdict).not.toBe('not_judged');
    const neither = await refused({ controlDocs: control, accept: ['padding-at-end'] });
    expect(neither).toMatchObject({ code: 'BPB_USAGE_ACCEPT', exitCode: 2 });
  });
});

describe('overlap with the validation set', () => {
  const overlap = { code: 'BPB_CONTROL_OVERLAP', exitCode: 3 };

  test('the validation set itself, as the same file, a copy or shards', async () => {
    const copy = documents('copy.jsonl', VALIDATION);
    const own = await shards('own', byteStream(VALIDATION));
    for (const set of [
      { controlDocs: at('docs.jsonl') },
      { controlDocs: copy },
      { controlData: own },
    ]) {
      const error = await refused(set);
      expect(error).toMatchObject({ ...overlap, actual: '60 documents of 60 stand in both' });
      expect(error.message).toContain('document 1 of it is document 1 of the validation set');
    }
    // Too short to be told apart by their texts, and the same stream all the same.
    const tiny = documents('tiny.jsonl', ['a', 'b', 'c d', 'e'.repeat(40)]);
    const same = await refused({ docs: tiny, controlDocs: tiny });
    expect(same).toMatchObject({ ...overlap, actual: '4 documents of 4 stand in both' });
  });

  test.each<[string, (text: string) => string]>([
    ['as they are', (text) => text],
    ['in other white space', (text) => ` ${text.replaceAll(' ', '\n')}`],
    ['with another last line', (text) => `${text}\nend of page`],
    ['inside longer ones', (text) => `${text}${text.toUpperCase()}`],
  ])('some of its documents %s', async (name, copied) => {
    const shared = VALIDATION.slice(20, 23).map(copied);
    const path = documents(`${name}.jsonl`, [...OTHERS.slice(0, 57), ...shared]);
    const error = await refused({ controlDocs: path });
    expect(error).toMatchObject({ ...overlap, actual: '3 documents of 60 stand in both', path });
    expect(error.message).toContain('document 58 of it is document 21 of the validation set');
  });

  test('one in a hundred is left out on both sides, and said', async () => {
    const path = documents('one.jsonl', [...kindOfTexts(149, 7), VALIDATION[5]!]);
    const { generalisation } = await score({
      ...{ artifact, docs: at('docs.jsonl'), tokenizer: 'byte260', window: 'chunk', seqLen: 32 },
      ...{ engine: 'onnx-js', workers: 1, threads: 1, verifyRows: 1, controlDocs: path },
    });
    expect(generalisation).toMatchObject({
      verdict: 'pass',
      note: '1 document of the control set left out: they stand in the validation set too',
      validation: { documents: 59 },
      control: { documents: 149, left_out: 1 },
    });
  });
});

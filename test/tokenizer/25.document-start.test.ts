import { describe, expect, it } from 'vitest';
import { withDocumentStart } from '#bpb/tokenizer/document-start';
import { loadTokenizer } from '#bpb/tokenizer/load';
import { tokenizeDocuments } from '#bpb/tokenizer/stream';
import { gpt2Style, userDefinedBos, withoutControls } from '../helpers/no-bos.js';
import { refusalOf } from '../helpers/refusal.js';

async function* documentsOf(texts: readonly string[]) {
  for (const [k, text] of texts.entries()) {
    yield { text, bytes: Buffer.byteLength(text), line: k + 1 };
  }
}

const refused = (model: string, texts: readonly string[], start?: number | 'none') =>
  refusalOf(() =>
    tokenizeDocuments(documentsOf(texts), withDocumentStart(loadTokenizer(model), start)),
  );

describe('what cannot begin a document is refused, with what can', () => {
  it.each([
    ['an id beyond the vocabulary', gpt2Style, 50_256, 'an id from 0 to'],
    ['an id below 0', gpt2Style, -1, 'an id from 0 to'],
    ['half an id', gpt2Style, 0.5, 'an id from 0 to'],
    ['a byte piece', gpt2Style, 2 + 0x41, 'control piece'],
    ['an ordinary piece', gpt2Style, 260, 'control piece'],
    ['the unknown piece', gpt2Style, 1, 'control piece'],
  ] as const)('%s', async (_, model, id, expected) => {
    const refusal = await refusalOf(() => withDocumentStart(loadTokenizer(model()), id));
    expect(refusal.code).toBe('BPB_USAGE_DOCUMENT_START');
    expect(refusal.path).toBe('--document-start');
    expect(refusal.expected).toContain(expected);
    expect(refusal.hint).toContain('--document-start 0 for "<|endoftext|>"');
    expect(refusal.hint).toContain('--document-start none');
  });

  it('a vocabulary without a piece that could gets only the other way out', async () => {
    const tokenizer = loadTokenizer(withoutControls());
    const refusal = await refusalOf(() => withDocumentStart(tokenizer, 5));
    expect(refusal.hint).toMatch(/^--document-start none/);
  });

  it('the field of a manifest is named where it says it', async () => {
    const tokenizer = loadTokenizer(gpt2Style());
    const refusal = await refusalOf(() =>
      withDocumentStart(tokenizer, 9999, 'tokenizer.documentStart'),
    );
    expect(refusal.path).toBe('tokenizer.documentStart');
  });
});

describe('documents without a start are refused with both choices', () => {
  it('GPT-2 habit', async () => {
    const refusal = await refused(gpt2Style(), ['a']);
    expect(refusal.code).toBe('BPB_NO_BOS');
    expect(refusal.actual).toContain('bos_id -1');
    expect(refusal.hint).toMatch(/--document-start 0 .*"<\|endoftext\|>".*--document-start none/);
  });

  it('a user-defined <s> is named as the cause, and as trained where it was', async () => {
    const trained = await refused(userDefinedBos(), ['a']);
    expect(trained.actual).toContain('id 1, trained as bos_id');
    expect(trained.actual).toContain('user-defined symbol');
    expect(trained.hint).toContain('--document-start 1');
    const untrained = await refused(userDefinedBos({ bosId: -1 }), ['a']);
    expect(untrained.actual).not.toContain('trained');
    expect(untrained.actual).toContain('"<s>", id 1, is a user-defined symbol');
  });

  it('no control piece', async () => {
    const refusal = await refused(withoutControls(), ['a']);
    expect(refusal.hint).toContain('--document-start none');
    expect(refusal.hint).not.toMatch(/--document-start \d/);
  });
});

it('a text that holds the symbol which begins documents is refused by its line', async () => {
  const refusal = await refused(userDefinedBos(), ['fine', 'not <s> fine'], 1);
  expect(refusal.code).toBe('BPB_BOS_IN_TEXT');
  expect(refusal.message).toContain('line 2');
  expect(refusal.hint).toContain('--document-start none');
  // Without an id between documents it is a piece of the text like any other.
  const tokenizer = withDocumentStart(loadTokenizer(userDefinedBos()), 'none');
  const { facts } = await tokenizeDocuments(documentsOf(['not <s> fine']), tokenizer);
  expect([...facts.lossless]).toEqual([1]);
});

it('a start id stands before each document, empty ones too; without one documents touch', async () => {
  const tokenizer = loadTokenizer(gpt2Style());
  const texts = ['the', '', 'the'];
  const begun = await tokenizeDocuments(documentsOf(texts), withDocumentStart(tokenizer, 0));
  expect(begun.stream.startId).toBe(0);
  const starts = [...begun.stream.documentStarts];
  expect(starts.map((start) => begun.stream.ids[start])).toEqual([0, 0, 0]);
  const touching = await tokenizeDocuments(
    documentsOf(texts),
    withDocumentStart(tokenizer, 'none'),
  );
  expect(touching.stream.startId).toBeNull();
  expect(touching.stream.ids.length).toBe(begun.stream.ids.length - 3);
  const [first, empty, last] = touching.stream.documentStarts;
  expect([first, empty]).toEqual([0, last]);
  expect(touching.stream.ids).not.toContain(0);
});

it('its own BOS begins documents unless another id is said to', () => {
  const byte260 = loadTokenizer('byte260');
  expect(withDocumentStart(byte260, undefined).documentStart).toBe(1);
  expect(withDocumentStart(byte260, 2)).toMatchObject({ bosId: 1, documentStart: 2 });
});

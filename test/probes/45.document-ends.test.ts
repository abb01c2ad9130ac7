/** A document's end, read off the length of a batch: nothing stands behind it that could be replaced. */
import { describe, expect, test } from 'vitest';
import { probe } from '#bpb/probes/probe';
import { writeCounts, writeLag } from '../helpers/adaptive.js';
import { attention, byteModel } from '../helpers/byte-models.js';
import { temporaryFolder } from '../helpers/folder.js';
import type { GraphBuilder } from '../helpers/graph-builder.js';
import { uniform } from '../helpers/models.js';
import { scoreFixture, VOCABULARY } from '../helpers/score-fixture.js';

const FLOAT = 1;
const BOS = 1;
const WORDS = ['the ', 'cat ', 'sat ', 'on ', 'a ', 'mat', '. ', 'so ', 'it ', 'was '];
const byte = (character: string) => character.charCodeAt(0) + 4;

/** Documents that end with a full stop and a new line, as nothing else in them does. */
function texts(count: number): string[] {
  const next = uniform(7);
  const word = () => WORDS[Math.floor(next() * WORDS.length)]!;
  return Array.from({ length: count }, () => {
    const words = Array.from({ length: 3 + Math.floor(next() * 20) }, word);
    return `${words.join('')}.\n`;
  });
}

/** `target` made likelier `left` inputs before the row's end, by its length alone, behind `id`. */
function ending({ left, id, target }: { left: number; id: number; target: number }) {
  return (g: GraphBuilder): string => {
    const one = (value: number) => g.ints([value], []);
    const ones = g.op('Add', [g.op('Mul', ['input_ids', one(0)]), one(1)]);
    const place = g.op('CumSum', [ones, g.ints([1], [])]);
    const time = g.slice(g.op('Shape', ['input_ids']), 0, 1, 2);
    const last = g.op('Equal', [g.op('Add', [place, one(left)]), time]);
    const behind = g.op('Equal', ['input_ids', one(id)]);
    const on = g.op('Cast', [g.op('And', [last, behind])], { to: { int: FLOAT } });
    const gain = Float32Array.from({ length: VOCABULARY }, (_, k) => (k === target ? 15 : 0));
    const gained = g.op('Mul', [
      g.op('Unsqueeze', [on, g.ints([2])]),
      g.floats(gain, [1, 1, VOCABULARY]),
    ]);
    return g.op('Add', [attention(g), gained]);
  };
}

// One row a batch, as long documents run: beside others a row would differ from itself alone.
const asked = {
  ...({ tokenizer: 'byte260', window: 'document', seqLen: 256 } as const),
  ...({ workers: 1, batchTokens: 1, everyRow: true, cuts: 2 } as const),
};
const verdictOf = (verdicts: Awaited<ReturnType<typeof probe>>['verdicts'], name: string) =>
  verdicts.find((each) => each.name === name)!;

describe('prefix', () => {
  test.each([
    ['the next document', { left: 0, id: byte('\n'), target: BOS }],
    ['the last token', { left: 1, id: byte('.'), target: byte('\n') }],
  ])('finds a model that knows where %s comes, whatever the seed', async (_, leak) => {
    const w = await scoreFixture({ texts: texts(60), model: byteModel(ending(leak)) });
    for (const seed of [1, 2, 3]) {
      const { verdicts } = await probe({ ...asked, artifact: w.model, docs: w.docs, seed });
      expect(verdictOf(verdicts, 'prefix')).toMatchObject({
        verdict: 'fail',
        note: expect.stringMatching(/the last \d+ inputs of a document alone and with \d more/),
      });
      // Shape and place are the same in both runs: it cannot see this.
      expect(verdictOf(verdicts, 'every-row').verdict).toBe('pass');
    }
  });

  test('passes the same model without it, and documents of one token', async () => {
    const short = Array.from({ length: 20 }, (_, k) => (k % 2 === 0 ? '' : 'a'));
    for (const documents of [texts(60), short]) {
      const w = await scoreFixture({ texts: documents, model: byteModel(attention) });
      const { verdicts } = await probe({ ...asked, artifact: w.model, docs: w.docs, seed: 1 });
      expect(verdictOf(verdicts, 'prefix').verdict).toBe('pass');
    }
  });

  test.each<[string, (folder: string) => void]>([
    ['adapt', (folder) => writeCounts(folder, { chunk: 16, context: 7 })],
    ['are recurrent', (folder) => writeLag(folder, { chunk: 8 })],
  ])('passes artifacts that %s', async (_, write) => {
    const artifact = temporaryFolder();
    write(artifact);
    const { docs } = await scoreFixture({ texts: texts(30) });
    const { verdicts } = await probe({ artifact, docs, workers: 1, seed: 1 });
    expect(verdictOf(verdicts, 'prefix').verdict).toBe('pass');
  });
});

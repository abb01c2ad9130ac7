/** A tokenizer with each historical mistake is caught by that mistake's own check. */
import { describe, expect, it } from 'vitest';
import { foldingMap } from '../helpers/character-map.js';
import { modelFile, SMALL } from '../helpers/sentencepiece.js';
import { docsFile, found, RIGHT, run } from './fixtures.js';

const SPACE = '\u2581';

describe('a tokenizer', () => {
  it('without a standalone ▁', async () => {
    const pieces = RIGHT.filter(([text]) => text !== SPACE);
    const report = await run(modelFile({ pieces }), { docs: docsFile() });
    expect(found(report, 'fail')).toEqual(['no-space-piece']);
    // 'bare b bare' and the like: the spaces cost three bytes each, which the figures show.
    expect(report.totals!.effects.lut!.bytes).toBeGreaterThan(1.2);
    expect(report.documents!.lossy.by_kind['no space piece']).toBe(5);
  });

  it('without byte pieces, on text that it does not cover', async () => {
    const pieces = RIGHT.filter(([, type]) => type !== 6);
    const model = modelFile({ pieces, byteFallback: false });
    const alone = await run(model);
    expect(found(alone, 'fail')).toEqual([]);
    expect(found(alone, 'warn')).toContain('byte-fallback');
    const report = await run(model, { docs: docsFile() });
    expect(found(report, 'fail')).toEqual(['unknown-tokens']);
    expect(report.documents!.lossy.by_kind['unknown token']).toBeGreaterThan(0);
    expect(report.totals!.effects.lut!.bytes).toBeLessThan(1);
  });

  it.each([
    ['some byte pieces missing', 'byte-fallback', RIGHT.filter(([text]) => text !== '<0x0A>')],
    ['a duplicate piece', 'duplicate-pieces', [...RIGHT, RIGHT.at(-1)!]],
    ['an empty piece', 'empty-pieces', [...RIGHT, ['']] as typeof RIGHT],
  ])('with %s, which SentencePiece does not load', async (_, check, pieces) => {
    const report = await run(modelFile({ pieces }), { docs: docsFile() });
    expect(found(report, 'fail')).toEqual([check, 'does-not-load']);
    expect(report.documents).toBeNull();
  });

  it('with half of the case operators', async () => {
    const report = await run(modelFile({ pieces: [...RIGHT, ['\ue001', 4]] }));
    expect(found(report, 'fail')).toEqual(['case-operators-partial']);
  });

  it('with ▁ inside a piece: counted as three bytes where it occurs', async () => {
    expect(found(await run(modelFile({ pieces: SMALL })), 'warn')).toEqual([
      'inner-space-pieces',
      'lossy-text',
    ]);
    const unused = await run(modelFile({ pieces: SMALL }), { docs: docsFile() });
    expect(found(unused, 'info')).toContain('inner-space-pieces');
    const used = await run(modelFile({ pieces: SMALL }), { docs: docsFile(['the  cat']) });
    expect(found(used, 'fail').sort()).toEqual(['inner-space-pieces', 'table-against-text']);
  });

  it('that folds case', async () => {
    const model = modelFile({ pieces: RIGHT, charsmap: foldingMap() });
    expect(found(await run(model), 'fail')).toEqual(['case-folding']);
    const report = await run(model, { docs: docsFile(['Upper Case', 'lower']) });
    expect(found(report, 'fail')).toEqual(['case-folding']);
    expect(report.documents!.lossy).toEqual({ documents: 1, by_kind: { 'case folding': 1 } });
  });
});

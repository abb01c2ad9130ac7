/**
 * The small tokenizer against SentencePiece itself, with a model of the same pieces.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { decodeIds } from '#bpb/submission/simulation/decode';
import { smallSet } from '#bpb/submission/simulation/set';
import { pythonWith } from '../../helpers/python.js';

interface Answer {
  readonly ids: readonly {
    readonly piece: string;
    readonly back: number;
    readonly byte: boolean;
    readonly control: boolean;
    readonly unknown: boolean;
    readonly unused: boolean;
    readonly decoded: string;
  }[];
  readonly special: readonly number[];
  readonly lists: readonly string[];
}

const REFEREE = fileURLToPath(new URL('pieces_referee.py', import.meta.url));
const python = pythonWith('sentencepiece', 'google.protobuf');
const missing = python === undefined ? ' (skipped: no python3 with sentencepiece)' : '';

describe.skipIf(python === undefined)(`SentencePiece with the small vocabulary${missing}`, () => {
  test.each(['pieces', 'operators', 'bytes'] as const)('%s', (kind) => {
    const set = smallSet(3056, kind);
    const documents = set.starts.map((start, k) =>
      set.ids.slice(start, set.starts[k + 1] ?? set.ids.length),
    );
    const pairs = set.ids.slice(0, 600).map((id, i) => [id, set.ids[i + 1]!]);
    const lists = [...documents, ...pairs];
    const asked = { pieces: set.pieces.map(({ piece, type }) => [piece, type]), lists };
    const input = JSON.stringify(asked);
    const { status, stdout, stderr } = spawnSync(python!, [REFEREE], { input, encoding: 'utf8' });
    expect(status, stderr).toBe(0);
    const answer = JSON.parse(stdout) as Answer;
    expect(answer.special).toEqual([0, 1, 2, 3]);
    expect(answer.ids).toEqual(
      set.pieces.map(({ piece, type }, id) => ({
        piece,
        back: id,
        byte: type === 'byte',
        control: type === 'control',
        unknown: type === 'unknown',
        unused: type === 'unused',
        decoded: decodeIds(set.pieces, [id]),
      })),
    );
    expect(lists.map((ids) => decodeIds(set.pieces, ids))).toEqual(answer.lists);
  });
});

/**
 * Rules of a normalizer's character map that alter text: key and replacement are different texts in
 * the reference form.
 *
 * Text is replaced key by key, so a map whose every rule keeps the reference form keeps that of
 * every text: NFKC of a sequence is that of its parts' NFKC (UAX #15).
 */
import { isUtf8 } from 'node:buffer';
import { DoubleArray } from './darts.js';
import { referenceForm } from './reference-form.js';
import { foldCase } from './same-text.js';
import { readSentencePieceModel } from './sentencepiece-model.js';
import type { Tokenizer } from './types.js';

/** SentencePiece's own maps take some 264,000 steps for 227,000 rules, whose keys have at most 12 bytes. */
const MAX_STEPS = 1_000_000;
const MAX_KEY_BYTES = 256;

const EXAMPLES = 5;

export interface AlteringRules {
  /** Rules that fold case and change nothing else. */
  folding: number;
  /** Rules that change text otherwise. */
  altering: number;
  /** The first few of both kinds: what the rule replaces, and by what. */
  readonly examples: { folding: boolean; from: string; to: string }[];
  /** False where the map has more rules than could be read. */
  complete: boolean;
}

/** Rules that are put into the reference form together. */
const BATCH = 1024;
/** Stands between them: a noncharacter, which no text has. */
const BETWEEN = '\u{10fffe}';

/** Between letters, so that a space that is added or taken shows, and a mark has something to stand on. */
const framed = (text: string) => `x${text}x`;

class RuleJudge {
  readonly found: AlteringRules = { folding: 0, altering: 0, examples: [], complete: true };
  private readonly from: string[] = [];
  private readonly to: string[] = [];

  add(key: Buffer, replacement: Buffer): void {
    const [from, to] = [key.toString('utf8'), replacement.toString('utf8')];
    // Half a character, as no map has that was compiled from code points.
    if (!isUtf8(key) || !isUtf8(replacement) || (from + to).includes(BETWEEN)) {
      this.alters(from, to, false);
      return;
    }
    this.from.push(from);
    this.to.push(to);
    if (this.from.length === BATCH) this.flush();
  }

  flush(): void {
    const form = (texts: string[]) => referenceForm(texts.map(framed).join(BETWEEN));
    const [from, to] = [this.from.splice(0), this.to.splice(0)];
    const [was, is] = [form(from), form(to)];
    if (was === is) return;
    const after = is.split(BETWEEN);
    for (const [k, before] of was.split(BETWEEN).entries()) {
      if (before === after[k]) continue;
      this.alters(from[k]!, to[k]!, foldCase(before) === foldCase(after[k]!));
    }
  }

  private alters(from: string, to: string, folding: boolean): void {
    if (folding) this.found.folding++;
    else this.found.altering++;
    const shown = this.found.examples.filter((each) => each.folding === folding).length;
    if (shown < EXAMPLES) this.found.examples.push({ folding, from, to });
  }
}

/** Judges every rule of the tokenizer's character map; null for a tokenizer without one. */
export function alteringRules({ model, path, kind }: Tokenizer): AlteringRules | null {
  if (model === null) return null;
  const { charsmap } = readSentencePieceModel(model, path ?? kind, () => {});
  if (charsmap.length === 0) return null;
  const trie = new DoubleArray(charsmap);
  const arrows = new Map<number, ReturnType<DoubleArray['arrows']>>();
  const judge = new RuleJudge();
  const key = Buffer.alloc(MAX_KEY_BYTES);
  let steps = 0;
  const visit = (base: number, length: number): void => {
    if (!arrows.has(base)) arrows.set(base, trie.arrows(base));
    for (const { byte, child, ends } of arrows.get(base)!) {
      if (++steps > MAX_STEPS || length === MAX_KEY_BYTES) {
        judge.found.complete = false;
        return;
      }
      key[length] = byte;
      if (ends) judge.add(key.subarray(0, length + 1), trie.replacement(trie.valueAt(child)!));
      visit(child, length + 1);
    }
  };
  visit(trie.root, 0);
  judge.flush();
  return judge.found;
}

/**
 * Documents of a control set that stand in the validation set too, whole or in large part.
 */
import { createHash } from 'node:crypto';
import { Anchors, type Hit } from './anchors.js';
import type { Texts } from './texts.js';

/** A document of each set that is, to half of the shorter one or more, the same text. */
export interface Overlap {
  readonly validation: number;
  readonly control: number;
}

/** Bytes of text below which equal documents are so by chance. */
const MIN_BYTES = 16;

/**
 * One pair for each control document that overlaps: it equals a validation document, or the two have one stretch
 * in common that is at least half of the shorter one. White space counts for nothing, so that copies which differ
 * in it, in their beginning or in their last line are found, and documents that are contained in one another.
 *
 * @param pause called between documents, so that a run can be ended
 */
export async function overlapsOf(
  validation: Texts,
  control: Texts,
  pause: () => void | Promise<void> = () => {},
): Promise<Overlap[]> {
  const found = new Map<number, number>();
  equalDocuments(validation, control, found);
  await contained(control, validation, pause, {
    known: (own) => found.has(own),
    onFound: (own, other) => found.set(own, other),
  });
  await contained(validation, control, pause, {
    known: (_, own) => found.has(own),
    onFound: (other, own) => found.set(own, other),
  });
  return [...found]
    .map(([own, other]) => ({ validation: other, control: own }))
    .sort((a, b) => a.control - b.control);
}

/** 1 for the documents that `counted` has, of equal ones for the first. */
export function firstOfEach(texts: Texts, counted: (document: number) => boolean): Uint8Array {
  const seen = new Set<string>();
  const first = new Uint8Array(texts.starts.length - 1);
  for (let k = 0; k < first.length; k++) {
    if (!counted(k)) continue;
    const key = keyOf(texts, k);
    if (!seen.has(key)) first[k] = 1;
    seen.add(key);
  }
  return first;
}

function equalDocuments(validation: Texts, control: Texts, found: Map<number, number>): void {
  const first = new Map<string, number>();
  for (let k = 0; k + 1 < control.starts.length; k++) {
    if (lengthOf(control, k) < MIN_BYTES) continue;
    first.set(keyOf(control, k), k);
  }
  const equal = new Map<string, number>();
  for (let k = 0; k + 1 < validation.starts.length; k++) {
    if (lengthOf(validation, k) < MIN_BYTES) continue;
    const key = keyOf(validation, k);
    if (first.has(key) && !equal.has(key)) equal.set(key, k);
  }
  for (let k = 0; equal.size > 0 && k + 1 < control.starts.length; k++) {
    const other = lengthOf(control, k) < MIN_BYTES ? undefined : equal.get(keyOf(control, k));
    if (other !== undefined) found.set(k, other);
  }
}

const lengthOf = ({ starts }: Texts, k: number) => starts[k + 1]! - starts[k]!;

function keyOf({ bytes, starts }: Texts, k: number): string {
  return createHash('sha1')
    .update(bytes.subarray(starts[k]!, starts[k + 1]!))
    .digest('base64');
}

/** Windows of text that are scanned between two pauses. */
const STRETCH = 1 << 22;

/** Both with the documents of `anchored` and `scanned`. */
interface Found {
  /** Whether nothing more is to be found out. */
  readonly known: (anchored: number, scanned: number) => boolean;
  readonly onFound: (anchored: number, scanned: number) => void;
}

/** Looks for documents of `anchored` in the texts of `scanned`. */
async function contained(
  anchored: Texts,
  scanned: Texts,
  pause: () => void | Promise<void>,
  { known, onFound }: Found,
): Promise<void> {
  const anchors = new Anchors(anchored);
  /** End of the stretch that was compared for a document: places inside it give the same one again. */
  const until = new Float64Array(anchored.starts.length);
  let since = 0;
  for (let k = 0; k + 1 < scanned.starts.length; k++) {
    const [from, to] = [scanned.starts[k]!, scanned.starts[k + 1]!];
    anchors.scan(scanned.bytes, from, to, (at, hit) => {
      const { document } = hit;
      if (at < until[document]! || known(document, k)) return;
      const [begin, end] = commonStretch(anchored, hit, scanned, k, at);
      until[document] = end;
      if (2 * (end - begin) < Math.min(to - from, lengthOf(anchored, document))) return;
      onFound(document, k);
    });
    since += to - from;
    if (since < STRETCH) continue;
    since = 0;
    await pause();
  }
}

/** The longest stretch around a hit that both documents have, as `[begin, end)` of the scanned texts. */
function commonStretch(
  anchored: Texts,
  { document, at: anchor }: Hit,
  scanned: Texts,
  k: number,
  at: number,
): readonly [begin: number, end: number] {
  const shift = anchor - at;
  const begin = Math.max(scanned.starts[k]!, anchored.starts[document]! - shift);
  const end = Math.min(scanned.starts[k + 1]!, anchored.starts[document + 1]! - shift);
  const same = (i: number) => scanned.bytes[i] === anchored.bytes[i + shift];
  let low = at;
  while (low > begin && same(low - 1)) low--;
  let high = at;
  while (high < end && same(high)) high++;
  return [low, high];
}

/**
 * Signs that a byte sidecar counts more than its tokens' text has, where no documents say what that is.
 *
 * Its entries are bytes of the published text, of which normalization leaves more (`½` 2 bytes, `1⁄2` 5)
 * or fewer (a no-break space 2 and 1, a full-width letter 3 and 1). A sum beyond the decoded text is
 * therefore possible, and no proof: what it must be compared with are characters that had one form.
 */
import type { Sidecar } from '../data/sidecars.js';
import type { TokenStream } from '../data/types.js';
import { type Finding, fail, warn } from '../finding.js';
import { CASE_OPERATORS } from '../tokenizer/check-pieces.js';
import type { Tokenizer } from '../tokenizer/types.js';
import { figure } from '../words.js';
import type { ByteTotals, StreamBytes } from './accounting.js';
import { beyond, DENOMINATOR_EXCEEDS, exceeds } from './ceiling.js';

/**
 * Bytes of the published text for each letter of a capitalized word, at most. A capital becomes an
 * operator and a letter in ASCII alone, so the piece after an operator begins a word of ASCII letters;
 * ligatures are the only others in such a word, three bytes for two letters.
 */
const LIGATURE = 1.5;
/** Bytes of one character that a surface may hold and the text does not, such as a zero-width space. */
const DROPPED = 4;

interface Entries {
  readonly tokenizer: Tokenizer;
  readonly stream: TokenStream;
  readonly sidecar: Sidecar;
}

/** Findings about a sidecar that is the headline; reads the stream only where the sum is too large. */
export function sidecarSigns({ headline, decoded }: StreamBytes, entries: Entries): Finding[] {
  if (!exceeds(headline, decoded)) return [];
  const counted = `the sidecar counts ${figure(headline)} bytes, the text that the tokens decode to has ${figure(decoded)} (${beyond(headline, decoded)})`;
  const { words, letters } = capitalized(entries);
  if (words > LIGATURE * letters + DROPPED) {
    return [
      fail(
        DENOMINATOR_EXCEEDS,
        `${counted}: ${figure(words)} of them for the ${figure(letters)} ASCII letters of pieces that follow a case operator, which have one byte each`,
        'give the sidecar that was exported with these shards: --sidecar DIR; with --docs FILE it is compared document by document',
      ),
    ];
  }
  return [
    warn(
      DENOMINATOR_EXCEEDS,
      `${counted}: only characters that normalization shortens or drops (no-break spaces, full-width letters) can explain that, and the tokens do not say how many there were`,
      '--docs FILE compares the sidecar with the published text',
    ),
  ];
}

/**
 * Where the scored targets have more bytes than their text though the whole stream has not: the sum of a
 * document, which is all that its published text confirms, does not say at which targets they stand.
 */
export function movedBytes({
  bytes,
  decoded,
  stream,
}: Pick<ByteTotals, 'bytes' | 'decoded' | 'stream'>): Finding[] {
  if (!exceeds(bytes, decoded) || exceeds(stream.headline, stream.decoded)) return [];
  return [
    warn(
      DENOMINATOR_EXCEEDS,
      `the sidecar counts ${figure(bytes)} bytes for the scored targets, whose text has ${figure(decoded)} (${beyond(bytes, decoded)}), and over the whole stream no more than the text: bytes of targets that are not scored may stand at those that are`,
      'score all targets of the documents: --tail score, no --part',
    ),
  ];
}

/** Entries of the pieces of ASCII letters that follow a case operator, and those letters. */
function capitalized({ tokenizer: { pieces }, stream: { ids }, sidecar: { bytes } }: Entries) {
  const operators = CASE_OPERATORS.map((operator) =>
    pieces.findIndex(({ text, type }) => text === operator && type === 'user_defined'),
  );
  const esc = operators.pop();
  const lengths = Uint32Array.from(pieces, ({ text }) =>
    /^[A-Za-z]+$/.test(text) ? text.length : 0,
  );
  let words = 0;
  let letters = 0;
  for (let i = 0; i + 1 < ids.length; i++) {
    const id = ids[i]!;
    // What follows ESC is a character of the text, also where it is an operator.
    if (id === esc) i++;
    else if (operators.includes(id)) {
      const length = lengths[ids[i + 1]!]!;
      if (length > 0) {
        letters += length;
        words += bytes[i + 1]!;
      }
    }
  }
  return { words, letters };
}

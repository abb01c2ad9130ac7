/**
 * Python's `base64.b85decode`: five characters for four bytes, in the alphabet of RFC 1924.
 */
const ALPHABET =
  '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~';

const DIGIT = new Map([...ALPHABET].map((character, digit) => [character, digit]));

/** The bytes, or null where a character or a group is not of the encoding. */
export function decodeBase85(text: string): Buffer | null {
  const missing = (5 - (text.length % 5)) % 5;
  const padded = text + '~'.repeat(missing);
  const bytes = Buffer.alloc((padded.length / 5) * 4);
  for (let group = 0; group * 5 < padded.length; group++) {
    let value = 0;
    for (let i = 0; i < 5; i++) {
      const digit = DIGIT.get(padded[group * 5 + i]!);
      if (digit === undefined) return null;
      value = value * 85 + digit;
    }
    if (value > 0xffffffff) return null;
    bytes.writeUInt32BE(value, group * 4);
  }
  return bytes.subarray(0, bytes.length - missing);
}

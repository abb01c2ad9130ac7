/**
 * Python's `base64.b85decode` (the alphabet of RFC 1924) and `a85decode` (Ascii85): five characters
 * for four bytes.
 */
const ALPHABET =
  '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~';

const DIGIT = new Map([...ALPHABET].map((character, digit) => [character, digit]));

/** The bytes, or null where a character or a group is not of the encoding. */
export function decodeBase85(text: string): Buffer | null {
  const digits = Array.from(text, (character) => DIGIT.get(character) ?? -1);
  return decodeGroups(digits);
}

/** As `decodeBase85`, of Ascii85: `!` to `u`, `z` for four zeros, white space and `<~ ~>` ignored. */
export function decodeAscii85(text: string): Buffer | null {
  const inner = text
    .replace(/\s+/g, '')
    .replace(/^<~|~>$/g, '')
    .replaceAll('z', '!!!!!');
  const digits = Array.from(inner, (character) => {
    const digit = character.charCodeAt(0) - 33;
    return digit >= 0 && digit < 85 ? digit : -1;
  });
  return decodeGroups(digits);
}

function decodeGroups(digits: readonly number[]): Buffer | null {
  const missing = (5 - (digits.length % 5)) % 5;
  const bytes = Buffer.alloc(((digits.length + missing) / 5) * 4);
  for (let group = 0; group * 5 < digits.length; group++) {
    let value = 0;
    for (let i = 0; i < 5; i++) {
      const digit = digits[group * 5 + i] ?? 84;
      if (digit === -1) return null;
      value = value * 85 + digit;
    }
    if (value > 0xffffffff) return null;
    bytes.writeUInt32BE(value, group * 4);
  }
  return bytes.subarray(0, bytes.length - missing);
}

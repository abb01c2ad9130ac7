/** Compiles a normalizer's character map for tests, as roomy as can be. */

/**
 * `uint32 size, trie, replacements`: each node has 256 units of its own, so that nothing collides.
 * Units are those of darts.h: label in the low byte, bit 8 for a leaf below, the offset from bit 10.
 */
export function compileCharsmap(rules: Readonly<Record<string, string>>): Uint8Array {
  const nodes: { children: Map<number, number>; value: number | null }[] = [
    { children: new Map(), value: null },
  ];
  const replacements: Buffer[] = [];
  let length = 0;
  for (const [key, replacement] of Object.entries(rules)) {
    let node = nodes[0]!;
    for (const byte of Buffer.from(key)) {
      const known = node.children.get(byte) ?? nodes.length;
      if (known === nodes.length) nodes.push({ children: new Map(), value: null });
      node.children.set(byte, known);
      node = nodes[known]!;
    }
    node.value = length;
    const bytes = Buffer.from(`${replacement}\0`);
    replacements.push(bytes);
    length += bytes.length;
  }
  const baseOf = (node: number) => 256 * (node + 1);
  const units = new Uint32Array(256 * (nodes.length + 1));
  units[0] = baseOf(0) << 10;
  for (const [index, { children, value }] of nodes.entries()) {
    const base = baseOf(index);
    units[base] = 0x80000000 | (value ?? 0);
    for (const [byte, child] of children) {
      const leaf = nodes[child]!.value === null ? 0 : 1 << 8;
      const at = base ^ byte;
      units[at] = ((at ^ baseOf(child)) << 10) | leaf | byte;
    }
  }
  const size = new Uint32Array([units.byteLength]);
  return new Uint8Array(
    Buffer.concat([
      new Uint8Array(size.buffer),
      new Uint8Array(units.buffer),
      Buffer.concat(replacements),
    ]),
  );
}

/** Becomes a space, as in `nmt_nfkc`. */
export const BLANKS = ['\u00a0', '\u3000', '\u200b', '\ufeff', '\ufffd', '▁', '\n', '\t'] as const;
/** Becomes nothing. */
export const NOTHINGS = ['\u00ad', '\u0007'] as const;

/** The kinds of rules that the challenge's normalizer has, few of each. */
export const RULES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(BLANKS.map((key) => [key, ' '])),
  ...Object.fromEntries(NOTHINGS.map((key) => [key, ''])),
  '½': '1/2',
  ﬁ: 'fi',
  'e\u0301': 'é',
  'e\u0301\u0301': 'éé',
  ﷺ: 'b a b',
  '\u00a8': ' \u0308',
};

/**
 * Places of findings in their text.
 */
import { type PyNode, textOf } from './nodes.js';
import type { Place } from './report.js';
import type { SourceUnit } from './types.js';

/** Gives findings their place; one per unit, so that line ends are counted once. */
export class Locator {
  private readonly starts: number[] = [0];

  constructor(private readonly unit: SourceUnit) {
    const { source } = unit;
    for (let at = source.text.indexOf('\n'); at !== -1; at = source.text.indexOf('\n', at + 1)) {
      this.starts.push(at + 1);
    }
  }

  at(node: PyNode): Place {
    let low = 0;
    let high = this.starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.starts[middle]! <= node.from) low = middle;
      else high = middle - 1;
    }
    const { file, layer, source } = this.unit;
    return {
      file,
      line: low + 1,
      column: node.from - this.starts[low]! + 1,
      layer,
      excerpt: printable(textOf(source, node, 200)),
    };
  }
}

/** One line that no terminal will act upon. */
function printable(text: string): string {
  const line = text
    .replace(/\s+/g, ' ')
    .trim()
    .replace(
      /[\p{Cc}\p{Cf}\u2028\u2029]/gu,
      (c) => `\\u${c.codePointAt(0)!.toString(16).padStart(4, '0')}`,
    );
  return line.length > 120 ? `${line.slice(0, 119)}…` : line;
}

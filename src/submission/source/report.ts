/**
 * Findings of a source audit, and their places in the file.
 */
import { type PyNode, type PySource, textOf } from './nodes.js';

type SourceCheck =
  | 'empty'
  | 'syntax'
  | 'encoding'
  | 'lut-marker'
  | 'leading-space-twice'
  | 'kept-marker'
  | 'space-not-counted'
  | 'replacement-character'
  | 'lut-by-decode'
  | 'byte-pieces'
  | 'control-pieces'
  | 'bytes-per-token'
  | 'lut-for-caseops'
  | 'sidecar-unused'
  | 'sidecar-glob'
  | 'sidecar-length'
  | 'mean-of-means'
  | 'narrow-sum'
  | 'truncated-set'
  | 'rank-remainder'
  | 'sliding-repeat'
  | 'lossy-text'
  | 'obfuscated'
  | 'wrapped'
  | 'loader'
  | 'network';

export interface SourceFinding {
  readonly check: SourceCheck;
  /** `fail`: the score is wrong · `warn`: it may be, or depends on the run · `info`: worth knowing. */
  readonly severity: 'fail' | 'warn' | 'info';
  /** 1-based, in the layer's own text. */
  readonly line: number;
  /** 1-based, in UTF-16 units. */
  readonly column: number;
  /** 0: the file itself; 1 and more: the source that was unpacked from a wrapper in it. */
  readonly layer: number;
  /** One line of the source, control characters escaped, at most 120 characters. */
  readonly excerpt: string;
  readonly explanation: string;
  readonly remedy: string;
}

type Place = Pick<SourceFinding, 'line' | 'column' | 'layer' | 'excerpt'>;
export type Words = Pick<SourceFinding, 'check' | 'severity' | 'explanation' | 'remedy'>;

/** Gives findings their place; one per source, so that line ends are counted once. */
export class Locator {
  private readonly starts: number[] = [0];

  constructor(
    private readonly source: PySource,
    private readonly layer: number,
  ) {
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
    return {
      line: low + 1,
      column: node.from - this.starts[low]! + 1,
      layer: this.layer,
      excerpt: printable(textOf(this.source, node, 200)),
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

/**
 * Types of a source audit: a program and its texts, the parts that are judged, and what a
 * simulation of the program found.
 */
import type { SourceFacts } from './facts.js';
import type { PyNode, PySource } from './nodes.js';
import type { PartName, SourceFinding, Words } from './report.js';

/** What is known about one part of the evaluation. */
export interface SourcePart {
  readonly part: PartName;
  /** `not_judged`: nothing was compared, or the comparison could not be made. */
  readonly verdict: 'pass' | 'warn' | 'fail' | 'not_judged';
  /** `pass`: what was compared · `not_judged`: why, with the line where it stopped. */
  readonly reason: string;
  /** 1-based line of the finding or of the stop; null where it has no place. */
  readonly line: number | null;
  /** File of that line; null for the file that was given. */
  readonly file: string | null;
}

/** One text of a program: a file, or what a file packs. */
export interface SourceUnit {
  /** Name beside the given file or in the given folder; null for the given file itself. */
  readonly file: string | null;
  /** 0: the file's own text; 1 and more: a text that the layer before it packs. */
  readonly layer: number;
  readonly source: PySource;
  readonly facts: SourceFacts;
  /**
   * What a call in this text runs, by the node of the call: `exec`, `eval`, `runpy.run_path` and
   * the like over a packed text or a file of the program.
   */
  readonly runs: ReadonlyMap<PyNode, SourceUnit>;
}

/** Code that the program runs and that could not be read. */
export interface Opaque {
  readonly unit: SourceUnit;
  /** The call that runs it. */
  readonly node: PyNode;
  /** `packed`: decoded from data · `file`: read from a file · `computed`: anything else. */
  readonly kind: 'packed' | 'file' | 'computed';
  /** Why it could not be read, as the end of a sentence. */
  readonly reason: string;
}

/** Everything of a submission that was read: entries, what they load and import, packed layers. */
export interface Program {
  /** The path that was given. */
  readonly path: string;
  /** All texts; those of one file in order of their layers. */
  readonly units: readonly SourceUnit[];
  /** The scripts that nothing else of the program imports or loads: one, or several of a folder. */
  readonly entries: readonly SourceUnit[];
  /** Files that an `import` finds beside the program, by the module's dotted name. */
  readonly modules: ReadonlyMap<string, SourceUnit>;
  readonly opaque: readonly Opaque[];
}

/** A finding before its place is written out. */
export interface UnitFinding {
  readonly unit: SourceUnit;
  readonly node: PyNode;
  readonly words: Words;
}

/** What running the program on a small validation set came to. */
export interface SimulationResult {
  /** All five parts, in the order of `PARTS`. */
  readonly parts: readonly SourcePart[];
  readonly findings: readonly UnitFinding[];
}

/** Runs a program on a small validation set, by an interpreter of the harness's own. */
export type Simulate = (program: Program) => Promise<SimulationResult>;

/** A source audit. */
export interface SourceAudit {
  readonly path: string;
  /** All five, in the order of `PARTS`. */
  readonly parts: readonly SourcePart[];
  /** By severity, then by place. */
  readonly findings: readonly SourceFinding[];
  /** What the script did not let the audit judge, one sentence each. */
  readonly couldNotJudge: readonly string[];
  /** Packed sources that were unpacked and audited as well: the depth of the deepest. */
  readonly layers: number;
  /** Files that were read beside the given one, or in the given folder. */
  readonly files: readonly string[];
}

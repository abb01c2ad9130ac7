/**
 * The result of a simulation: findings at their nodes, and for each part a verdict with its reason.
 */

import { CASE_OPERATORS, SIDECAR_FILES } from '../published-set.js';
import type { Stop } from '../python/values.js';
import { enclosing, type PyNode, textOf } from '../source/nodes.js';
import type { PartName } from '../source/report.js';
import type {
  Program,
  SimulationResult,
  SourcePart,
  SourceUnit,
  UnitFinding,
} from '../source/types.js';
import { type JudgedPart, judgeTrials } from './judge.js';
import type { Judged } from './judge-types.js';
import type { Trial } from './types.js';

/** Code that a part is about: stops in functions that have it explain why the part was not judged. */
const ABOUT: Readonly<Record<PartName, RegExp>> = {
  table: /is_byte|IsByte|id_to_piece|IdToPiece|decode|bytes/,
  aggregation: /bpb|loss|nll|nats/i,
  coverage: /bpb|loss|nll|nats/i,
  sidecar: /bytes|sidecar/i,
  constants: /bpb|bits/i,
};

const BITS = /bpb|bits_?per_?byte/i;

/** Stops that are looked at, from the last one back. */
const STOPS_MAX = 100;

export function judgeProgram(program: Program, trials: readonly Trial[]): SimulationResult {
  const judged = judgeTrials(trials, {
    functionOf: ({ at }) => functionAt(program, at)?.name ?? null,
    namesBits: program.units.some(({ source }) => BITS.test(source.text)),
    namesSidecar: program.units.some(({ source }) => SIDECAR_FILES.test(source.text)),
    namesOperators: program.units.some(({ source }) => CASE_OPERATORS.test(source.text)),
  });
  return {
    parts: judged.map((part) => verdictOf(program, trials, part)),
    findings: judged.flatMap(({ findings }) => findings.flatMap((one) => locate(program, one))),
  };
}

function verdictOf(program: Program, trials: readonly Trial[], judged: JudgedPart): SourcePart {
  const { part, findings, right, lost } = judged;
  const worst = findings.find(({ severity }) => severity === 'fail') ?? findings[0];
  if (worst !== undefined) {
    const { line } = worst.at;
    const file = unitOf(program, worst.at)?.file ?? null;
    return { part, verdict: worst.severity, reason: worst.explanation, line, file };
  }
  // It may have changed anything that the runs show.
  const [hidden] = program.opaque;
  if (hidden !== undefined) {
    const reason = `code that the script runs could not be read: ${hidden.reason}`;
    const line = lineOf(hidden.unit, hidden.node);
    return { part, verdict: 'not_judged', reason, line, file: hidden.unit.file };
  }
  if (right !== null) return { part, verdict: 'pass', reason: right, line: null, file: null };
  const stop = lost ?? stopFor(program, trials, part);
  if (stop === null) {
    const reason = 'no run of the script came to a score over the validation set';
    return { part, verdict: 'not_judged', reason, line: null, file: null };
  }
  const file = unitOf(program, stop)?.file ?? null;
  const reason = `not followed beyond line ${stop.line}: ${stop.reason}`;
  return { part, verdict: 'not_judged', reason, line: stop.line, file };
}

/** The stop that explains best why runs show nothing of the part. */
function stopFor(program: Program, trials: readonly Trial[], part: PartName): Stop | null {
  const byLine = new Map<string, Stop>();
  const byDefault = trials.filter(({ switched }) => switched === undefined);
  for (const stop of byDefault.flatMap((trial) => trial.stops)) {
    const key = `${stop.path} ${stop.layer} ${stop.line}`;
    byLine.delete(key);
    byLine.set(key, stop);
  }
  const stops = [...byLine.values()].slice(-STOPS_MAX);
  const about = stops.filter((stop) => {
    const owner = functionAt(program, stop);
    return owner !== null && ABOUT[part].test(textOf(owner.unit.source, owner.node, 20_000));
  });
  return about.at(-1) ?? stops.at(-1) ?? null;
}

function locate(program: Program, { at, ...words }: Judged): UnitFinding[] {
  const unit = unitOf(program, at);
  return unit === null ? [] : [{ unit, node: nodeAt(unit, at.line), words }];
}

function unitOf({ units }: Program, { path, layer }: Stop): SourceUnit | null {
  return units.find((unit) => unit.source.path === path && unit.layer === layer) ?? null;
}

/** The outermost node that begins on the line. */
function nodeAt({ source }: SourceUnit, line: number): PyNode {
  const from = lineStart(source.text, line);
  const end = lineStart(source.text, line + 1);
  const begins = (node: PyNode) => node.from >= from && node.from < end;
  return source.nodes.find((node) => begins(node) && node.type !== 'Body') ?? source.root;
}

/** The innermost function around the place. */
function functionAt(program: Program, at: Stop) {
  const unit = unitOf(program, at);
  if (unit === null) return null;
  const node = enclosing(nodeAt(unit, at.line), 'FunctionDefinition');
  const name = node?.children.find(({ type }) => type === 'VariableName');
  if (node === null || name === undefined) return null;
  return { unit, node, name: textOf(unit.source, name) };
}

/** Offset of a 1-based line; the text's length beyond the last. */
function lineStart(text: string, line: number): number {
  let at = 0;
  for (let i = 1; i < line; i++) {
    const next = text.indexOf('\n', at);
    if (next === -1) return text.length;
    at = next + 1;
  }
  return at;
}

function lineOf({ source }: SourceUnit, node: PyNode): number {
  return source.text.slice(0, node.from).split('\n').length;
}

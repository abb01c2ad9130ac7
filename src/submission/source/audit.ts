/**
 * Audit of a Python training script for mistakes of its evaluation; no Python is ever run.
 */
import { tooDeep } from './errors.js';
import { type Opened, openSources, sourceText } from './files.js';
import { Locator } from './locator.js';
import { judgeParts, standing } from './parts.js';
import { readProgram } from './program.js';
import { checkReadable, checkRuns } from './readability.js';
import type { SourceFinding } from './report.js';
import { checkText } from './text-checks.js';
import type { Program, Simulate, SourceAudit, SourceUnit, UnitFinding } from './types.js';

/** Findings of one check that are listed. */
const SAME_MAX = 20;
const SEVERITIES = ['fail', 'warn', 'info'] as const;

/**
 * Reads and audits a script, the scripts of a folder as one program, or stdin (`-`).
 *
 * @throws BPB_SOURCE_MISSING, BPB_SOURCE_TOO_LARGE, BPB_SOURCE_BINARY (exit 3)
 */
export async function auditSource(
  path: string,
  simulate: Simulate | null = null,
): Promise<SourceAudit> {
  return auditOpened(path, await openSources(path), simulate);
}

/** As `auditSource`, of text or bytes in memory; invalid UTF-8 is a finding. */
export async function auditSourceText(
  source: string | Uint8Array,
  path = 'source',
  simulate: Simulate | null = null,
): Promise<SourceAudit> {
  const text = sourceText(source, path);
  return auditOpened(path, { folder: null, scripts: [{ file: null, text }] }, simulate);
}

async function auditOpened(
  path: string,
  opened: Opened,
  simulate: Simulate | null,
): Promise<SourceAudit> {
  try {
    return await auditProgram(await readProgram(path, opened), simulate);
  } catch (error) {
    // The parser recurses on nesting, and how deep it may go depends on the stack that is left.
    throw error instanceof RangeError ? tooDeep(path) : error;
  }
}

/** @param simulate runs the program; null: only its text is looked at */
async function auditProgram(program: Program, simulate: Simulate | null): Promise<SourceAudit> {
  const simulation = simulate === null ? null : await simulate(program);
  const text = checkText(program);
  const doubts = new Set<string>();
  if (program.opaque.length > 0) doubts.add(OBFUSCATED);
  const locators = new Map<SourceUnit, Locator>();
  const locate = ({ unit, node }: Pick<UnitFinding, 'unit' | 'node'>) => {
    const locator = locators.get(unit) ?? new Locator(unit);
    locators.set(unit, locator);
    return locator.at(node);
  };
  const judged = standing(text.findings, simulation);
  const found = [...program.units.flatMap(checkReadable), ...checkRuns(program), ...judged];
  const findings = limited(found, doubts).map(
    (finding): SourceFinding => ({ ...finding.words, ...locate(finding) }),
  );
  return {
    path: program.path,
    parts: judgeParts(program, judged, simulation, locate),
    findings: findings.toSorted(byPlace),
    couldNotJudge: [...doubts],
    layers: Math.max(...program.units.map(({ layer }) => layer)),
    files: [...new Set(program.units.flatMap(({ file }) => file ?? []))],
  };
}

const OBFUSCATED = 'OBFUSCATED: code that the script unpacks or loads could not be read';

function limited(found: readonly UnitFinding[], doubts: Set<string>): UnitFinding[] {
  const counts = new Map<string, number>();
  return found.filter(({ words: { check } }) => {
    const count = (counts.get(check) ?? 0) + 1;
    counts.set(check, count);
    if (count > SAME_MAX) doubts.add(`only the first ${SAME_MAX} findings of ${check} are listed`);
    return count <= SAME_MAX;
  });
}

function byPlace(a: SourceFinding, b: SourceFinding): number {
  const [left, right] = [a.file ?? '', b.file ?? ''];
  return (
    SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) ||
    (left < right ? -1 : left > right ? 1 : 0) ||
    a.layer - b.layer ||
    a.line - b.line ||
    a.column - b.column
  );
}

/**
 * The checks of a program's text: what its spelling alone shows.
 */
import { checkAggregation } from './check-aggregation.js';
import { checkConstants } from './check-constants.js';
import { checkCoverage } from './check-coverage.js';
import { checkMarkers, checkTable } from './check-lut.js';
import { checkSidecar } from './check-sidecar.js';
import { findByteTables } from './lut.js';
import type { Program, SourceUnit, UnitFinding } from './types.js';

interface TextFindings {
  readonly findings: readonly UnitFinding[];
  /** Whether a table of bytes per token is built anywhere. */
  readonly hasTable: boolean;
}

export function checkText({ units }: Program): TextFindings {
  const findings: UnitFinding[] = [];
  let hasTable = false;
  for (const unit of units) {
    const { found, tables } = checkUnit(unit);
    hasTable ||= tables > 0;
    findings.push(...found);
  }
  return { findings, hasTable };
}

function checkUnit(unit: SourceUnit): { found: UnitFinding[]; tables: number } {
  const { facts } = unit;
  const tables = findByteTables(facts);
  const found = [
    ...checkMarkers(facts, tables),
    ...tables.flatMap((table) => checkTable(facts, table)),
    ...checkConstants(facts),
    ...checkSidecar(facts, tables),
    ...checkAggregation(facts),
    ...checkCoverage(facts),
  ];
  return {
    found: found.map(([node, words]) => ({ unit, node, words })),
    tables: tables.length,
  };
}

/**
 * Checks of the byte sidecar of case-operator data: used where it must be, not read as tokens.
 */
import { CASE_OPERATORS } from '../published-set.js';
import type { Found } from './check-lut.js';
import type { SourceFacts } from './facts.js';
import { useOfFiles } from './glob-uses.js';
import type { ByteTable } from './lut.js';
import { enclosing, type PyNode, textOf } from './nodes.js';
import { EQUAL_LENGTHS, LEAVE_OUT_SIDECAR, READ_SIDECAR } from './remedies.js';

const SIDECAR_FILE = /val_bytes|_bytes_[*%{]/;
const SIDECAR_NAME = /sidecar|val_bytes|bytes_files/i;
const VAL_GLOB = /(?:^|[/\\_])(?:\w+_)?val_?\*(?:\.bin)?$/;

export function checkSidecar(facts: SourceFacts, tables: readonly ByteTable[]): Found[] {
  const named = facts.strings.filter(({ value }) => CASE_OPERATORS.test(value));
  const caseOps = named.find(({ value }) => !/\s/.test(value)) ?? named[0];
  const namesCaseOps =
    caseOps !== undefined || [...facts.names.keys()].some((n) => CASE_OPERATORS.test(n));
  const file = facts.strings.find(({ value }) => SIDECAR_FILE.test(value));
  const sidecar = file !== undefined || [...facts.names.keys()].some((n) => SIDECAR_NAME.test(n));
  const found: Found[] = [];
  if (namesCaseOps && !sidecar && tables.length > 0) {
    found.push([
      caseOps?.node ?? tables[0]!.region,
      {
        check: 'lut-for-caseops',
        // Talk of case operators in a sentence is no path of a tokenizer or of data.
        severity: caseOps !== undefined && !/\s/.test(caseOps.value) ? 'fail' : 'warn',
        explanation:
          'A case-operator tokenizer is named and the bytes come from its piece table: the operators count as 3 bytes each, 1.0895 times too many in all (#2071).',
        remedy: READ_SIDECAR,
      },
    ]);
  }
  if (namesCaseOps || sidecar) found.push(...globs(facts));
  if (sidecar) found.push(...unused(facts), ...lengths(facts));
  return found;
}

/** `fineweb_val_*.bin` matches `fineweb_val_bytes_000000.bin` too. */
function globs(facts: SourceFacts): Found[] {
  const excludes =
    facts.binaries.some((node) => {
      return /["'][^"']*byte[^"']*["']\s*(?:not\s+)?in\b/i.test(textOf(facts.source, node));
    }) ||
    facts.calls.some(({ node, method }) => {
      return /^(?:startswith|endswith|match|search|fullmatch)$/.test(method)
        ? /byte/i.test(textOf(facts.source, node))
        : false;
    });
  if (excludes) return [];
  const patterns = facts.strings
    .filter(({ value }) => VAL_GLOB.test(value))
    .map(({ node }) => node);
  for (const node of facts.source.nodes) {
    if (node.type !== 'FormatString') continue;
    if (/val_\*(?:\.bin)?["']{1,3}$/.test(textOf(facts.source, node))) patterns.push(node);
  }
  // Files that are deleted, listed or counted are not read as tokens.
  const judged = patterns
    .map((node) => [node, useOfFiles(facts, node)] as const)
    .filter(([, use]) => use !== 'left')
    .toSorted(([, a], [, b]) => Number(b === 'read') - Number(a === 'read'));
  return judged.slice(0, 1).map(([node, use]) => [
    node,
    {
      check: 'sidecar-glob',
      severity: use === 'read' ? 'fail' : 'warn',
      explanation:
        'This pattern matches the sidecar fineweb_val_bytes_*.bin too: its byte counts are read as tokens.',
      remedy: LEAVE_OUT_SIDECAR,
    },
  ]);
}

/** A sidecar that is loaded into a name that nothing reads. */
function unused(facts: SourceFacts): Found[] {
  for (const { name, node, value } of facts.assignments) {
    const last = name?.split('.').at(-1);
    if (last === undefined || !SIDECAR_NAME.test(last) || value.type !== 'CallExpression') continue;
    if ((facts.names.get(last) ?? 0) > 1) continue;
    return [
      [
        node,
        {
          check: 'sidecar-unused',
          severity: 'fail',
          explanation: `The sidecar is loaded into ${last} and never read: the bytes come from somewhere else.`,
          remedy: 'Sum the sidecar’s entries of the scored targets.',
        },
      ],
    ];
  }
  return [];
}

/** A length check with `<` lets a longer sidecar pass, which belongs to other tokens. */
function lengths(facts: SourceFacts): Found[] {
  const compares: { node: PyNode; operator: string }[] = [];
  for (const node of facts.binaries) {
    const [left, operator, right] = node.children;
    if (operator?.type !== 'CompareOp' || left === undefined || right === undefined) continue;
    const sides = [left, right].map((side) => textOf(facts.source, side));
    if (!sides.every((side) => /numel|len\(|\.size|\.shape/.test(side))) continue;
    if (
      !sides.some((s) => /byte/i.test(s)) ||
      !sides.some((s) => /tok/i.test(s) && !/byte/i.test(s))
    ) {
      continue;
    }
    compares.push({ node, operator: textOf(facts.source, operator) });
  }
  if (compares.some(({ operator }) => operator === '!=' || operator === '==')) return [];
  return compares
    .filter(({ node }) => enclosing(node, 'IfStatement', 'AssertStatement') !== null)
    .slice(0, 1)
    .map(({ node }) => [
      node,
      {
        check: 'sidecar-length',
        severity: 'warn',
        explanation:
          'Only a shorter sidecar is refused: a longer one belongs to other tokens and passes.',
        remedy: EQUAL_LENGTHS,
      },
    ]);
}

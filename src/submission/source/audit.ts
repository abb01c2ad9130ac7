/**
 * Audit of a Python training script for known mistakes of byte accounting; the script is not run.
 */
import { open } from 'node:fs/promises';
import { inputError } from '../../errors.js';
import { checkAggregation } from './check-aggregation.js';
import { checkConstants } from './check-constants.js';
import { checkCoverage } from './check-coverage.js';
import { findHidden, hiddenFinding } from './check-hidden.js';
import { checkMarkers, checkTable, type Found } from './check-lut.js';
import { checkSidecar } from './check-sidecar.js';
import { collectFacts, type SourceFacts } from './facts.js';
import { findByteTables } from './lut.js';
import { type PyNode, parsePython, SOURCE_BYTES_MAX } from './nodes.js';
import { Locator, type SourceFinding, type Words } from './report.js';
import { unpackedText } from './unwrap.js';

export interface SourceAudit {
  readonly path: string;
  /** By severity, then by place. */
  readonly findings: readonly SourceFinding[];
  /** What the script did not let the audit judge, one sentence each. */
  readonly couldNotJudge: readonly string[];
  /** Packed sources that were unpacked and audited as well. */
  readonly layers: number;
}

/** Wrappers in wrappers are followed this far. */
const LAYERS_MAX = 3;
/** Packed parts that are unpacked in all: wrappers that hold wrappers must not multiply. */
const UNPACKED_MAX = 16;
/** Findings of one check that are listed. */
const SAME_MAX = 20;
const SEVERITIES = ['fail', 'warn', 'info'] as const;

/** What the layers of one audit share. */
interface Audit {
  readonly path: string;
  readonly findings: SourceFinding[];
  readonly doubts: Set<string>;
  unpacked: number;
}

/**
 * Reads and audits a script; nothing of it is ever run.
 *
 * @throws BPB_SOURCE_MISSING, BPB_SOURCE_TOO_LARGE, BPB_SOURCE_BINARY (exit 3)
 */
export async function auditSource(path: string): Promise<SourceAudit> {
  return auditSourceText(await readSource(path), path);
}

/** As `auditSource`, of text or bytes in memory; invalid UTF-8 is a finding. */
export async function auditSourceText(
  source: string | Uint8Array,
  path = 'source',
): Promise<SourceAudit> {
  const size = typeof source === 'string' ? source.length : source.byteLength;
  if (size > SOURCE_BYTES_MAX) throw tooLarge(path, size);
  const decoded = typeof source === 'string' ? source : new TextDecoder().decode(source);
  const text = decoded.replace(/^\ufeff/, '');
  if (text.includes('\0')) throw binary(path);
  const findings: SourceFinding[] = [];
  const doubts = new Set<string>();
  const layers = await auditLayer(text, 0, { path, findings, doubts, unpacked: 0 }).catch(
    (error: unknown) => {
      // The parser recurses on nesting, and how deep it may go depends on the stack that is left.
      throw error instanceof RangeError ? tooDeep(path) : error;
    },
  );
  findings.sort(
    (a, b) =>
      SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) ||
      a.layer - b.layer ||
      a.line - b.line ||
      a.column - b.column,
  );
  return { path, findings, couldNotJudge: [...doubts], layers };
}

/** Audits one text and what is packed in it; gives the number of layers below. */
async function auditLayer(text: string, layer: number, audit: Audit): Promise<number> {
  const { doubts } = audit;
  const facts = collectFacts(parsePython(text, audit.path));
  const locator = new Locator(facts.source, layer);
  const add = (node: PyNode, words: Words) => {
    const same = audit.findings.filter(({ check }) => check === words.check).length;
    if (same < SAME_MAX) audit.findings.push({ ...words, ...locator.at(node) });
    else doubts.add(`only the first ${SAME_MAX} findings of ${words.check} are listed`);
  };
  for (const [node, words] of readability(facts)) add(node, words);

  const doubtsHere = new Set<string>();
  const tables = findByteTables(facts);
  const found = [
    ...checkMarkers(facts, tables),
    ...tables.flatMap((table) => checkTable(facts, table, (what) => doubtsHere.add(what))),
    ...checkConstants(facts),
    ...checkSidecar(facts, tables),
    ...checkAggregation(facts),
    ...checkCoverage(facts),
  ];
  for (const [node, words] of found) add(node, words);

  let unpacked = 0;
  let hidden = false;
  for (const part of findHidden(facts)) {
    const readable = layer < LAYERS_MAX && part.kind !== 'file' && audit.unpacked < UNPACKED_MAX;
    const inside = readable ? await unpackedText(facts, part.code) : null;
    if (inside === null) {
      hidden = true;
      const [node, words] = hiddenFinding(facts, part);
      add(node, words);
      doubts.add(OBFUSCATED);
    } else {
      add(part.node, WRAPPED);
      audit.unpacked++;
      unpacked = Math.max(unpacked, 1 + (await auditLayer(inside, layer + 1, audit)));
    }
  }
  // A wrapper's own text has no evaluator: what is missing there says nothing.
  if (unpacked === 0 && !hidden) missing(facts, tables.length > 0, doubtsHere);
  for (const doubt of doubtsHere) doubts.add(doubt);
  return unpacked;
}

const OBFUSCATED = 'OBFUSCATED: code that the script unpacks or loads could not be read';

const WRAPPED: Words = {
  check: 'wrapped',
  severity: 'info',
  explanation: 'The script runs packed source; it was unpacked without running it, and audited.',
  remedy: 'Nothing needs to change; places inside are those of the unpacked text.',
};

function readability(facts: SourceFacts): Found[] {
  const { root, nodes, text } = facts.source;
  if (text.trim() === '') {
    const explanation = 'The script is empty.';
    return [[root, { check: 'empty', severity: 'fail', explanation, remedy: 'Add the script.' }]];
  }
  const found: Found[] = [];
  const broken = nodes.find(({ type }) => type === '⚠');
  if (broken !== undefined) {
    found.push([
      broken,
      {
        check: 'syntax',
        severity: 'warn',
        explanation: 'This is not valid Python here: what surrounds it may have been misread.',
        remedy: 'Check that the file is complete and that it compiles (python -m py_compile).',
      },
    ]);
  }
  if (text.includes('\ufffd')) {
    const at = text.indexOf('\ufffd');
    const node = nodes.findLast(({ from, to }) => from <= at && at < to) ?? root;
    found.push([
      node,
      {
        check: 'encoding',
        severity: 'warn',
        explanation:
          'The file has bytes that are no UTF-8, or U+FFFD itself: a ▁ may have been lost.',
        remedy: 'Save the file as UTF-8 and write the marker as "\\u2581".',
      },
    ]);
  }
  return found;
}

function missing(facts: SourceFacts, hasTable: boolean, doubts: Set<string>): void {
  const names = [...facts.names.keys()];
  const sidecar = names.some((name) => /sidecar|val_bytes/i.test(name));
  const bytes = facts.strings.some(({ value }) => /^byte(?:260)?$/.test(value));
  if (!hasTable && !sidecar && !bytes) {
    doubts.add('no table of bytes per token was found, so the byte count was not judged');
  }
  if (!names.some((name) => /bpb|bits_per_byte/i.test(name))) {
    doubts.add('no bpb is computed under a name that says so, so the evaluation was not judged');
  }
}

async function readSource(path: string): Promise<Uint8Array> {
  let handle: Awaited<ReturnType<typeof open>> | undefined;
  let size = 0;
  try {
    handle = await open(path, 'r');
    size = (await handle.stat()).size;
    if (size <= SOURCE_BYTES_MAX) return await handle.readFile();
  } catch (cause) {
    throw inputError('BPB_SOURCE_MISSING', {
      message: 'the source cannot be read',
      path,
      expected: 'a readable Python script',
      actual: (cause as NodeJS.ErrnoException).code ?? String(cause),
      hint: 'Give the path of the training script.',
      cause,
    });
  } finally {
    await handle?.close();
  }
  throw tooLarge(path, size);
}

function tooDeep(path: string) {
  return inputError('BPB_SOURCE_TOO_LARGE', {
    message: 'the source is nested too deeply to be audited',
    path,
    expected: 'brackets and blocks as a script has them',
    actual: 'nesting that exhausts the stack',
    hint: 'Is this a Python training script?',
  });
}

function tooLarge(path: string, size: number): Error {
  return inputError('BPB_SOURCE_TOO_LARGE', {
    message: 'the source is too large to be audited',
    path,
    expected: `at most ${SOURCE_BYTES_MAX} bytes`,
    actual: `${size} bytes`,
    hint: 'Is this a Python training script?',
  });
}

function binary(path: string): Error {
  return inputError('BPB_SOURCE_BINARY', {
    message: 'the source is not text',
    path,
    expected: 'a Python script in UTF-8',
    actual: 'a file with NUL bytes',
    hint: 'Give the training script, not the model or an archive.',
  });
}

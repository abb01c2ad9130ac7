/**
 * Findings about a text as such: empty, not Python, not UTF-8; and about what it runs unread.
 */
import type { Words } from './report.js';
import type { Opaque, Program, SourceUnit, UnitFinding } from './types.js';

export function checkReadable(unit: SourceUnit): UnitFinding[] {
  const { root, nodes, text } = unit.source;
  if (text.trim() === '') {
    const explanation = 'The script is empty.';
    // An empty __init__.py or helper beside a script is no mistake.
    const severity = unit.file === null ? 'fail' : 'info';
    return [
      {
        unit,
        node: root,
        words: { check: 'empty', severity, explanation, remedy: 'Add the script.' },
      },
    ];
  }
  const found: UnitFinding[] = [];
  const broken = nodes.find(({ type }) => type === '⚠');
  if (broken !== undefined) found.push({ unit, node: broken, words: SYNTAX });
  const at = text.indexOf('\ufffd');
  if (at !== -1) {
    const node = nodes.findLast(({ from, to }) => from <= at && at < to) ?? root;
    found.push({ unit, node, words: ENCODING });
  }
  return found;
}

const SYNTAX: Words = {
  check: 'syntax',
  severity: 'warn',
  explanation: 'This is not valid Python here: what surrounds it may have been misread.',
  remedy: 'Check that the file is complete and that it compiles (python -m py_compile).',
};

const ENCODING: Words = {
  check: 'encoding',
  severity: 'warn',
  explanation: 'The file has bytes that are no UTF-8, or U+FFFD itself: a ▁ may have been lost.',
  remedy: 'Save the file as UTF-8 and write the marker as "\\u2581".',
};

/** What the texts of a program run: what was followed, and what was not (#1804, #1412). */
export function checkRuns({ units, opaque }: Program): UnitFinding[] {
  const followed = units.flatMap((unit) =>
    [...unit.runs].map(([node, { file, layer }]): UnitFinding => {
      const packed = layer > unit.layer && file === unit.file;
      return { unit, node, words: packed ? WRAPPED : loaded(file ?? 'the script') };
    }),
  );
  return [...followed, ...opaque.map(hidden)];
}

const WRAPPED: Words = {
  check: 'wrapped',
  severity: 'info',
  explanation: 'The script runs packed source; it was unpacked without running it, and audited.',
  remedy: 'Nothing needs to change; places inside are those of the unpacked text.',
};

function loaded(file: string): Words {
  return {
    check: 'loader',
    severity: 'info',
    explanation: `The script runs the text of ${file}, which lies beside it and was audited with it.`,
    remedy: 'Count it in the size of the code (#1412: a 74-byte loader for 80,055 bytes).',
  };
}

function hidden({ unit, node, kind, reason }: Opaque): UnitFinding {
  if (kind === 'file') {
    const words: Words = {
      check: 'loader',
      severity: 'warn',
      explanation: `The script runs the text of another file, which was not audited (${reason}) and may not be in the counted size (#1412).`,
      remedy: 'Audit the folder with the file that it loads, and count that file.',
    };
    return { unit, node, words };
  }
  const { length } = unit.source.text;
  const share = Math.round((100 * (node.to - node.from)) / Math.max(length, 1));
  const words: Words = {
    check: 'obfuscated',
    severity: 'warn',
    explanation: `The script runs code that it ${kind === 'packed' ? 'unpacks' : 'computes'} (${share} % of the file is in this call) and that could not be read: ${reason}.`,
    remedy: 'Publish the readable source beside the packed one, and audit that.',
  };
  return { unit, node, words };
}

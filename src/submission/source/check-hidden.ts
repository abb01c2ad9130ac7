/**
 * Check for source that hides what it runs: packed code, and loaders of other files (#1804,
 * #1412).
 */
import type { Found } from './check-lut.js';
import { bindingOf, type SourceFacts } from './facts.js';
import { type Call, callOf, dottedName, type PyNode, subtree } from './nodes.js';

interface Hidden {
  /** The call that runs something. */
  readonly node: PyNode;
  /** What it runs. */
  readonly code: PyNode;
  /** `packed`: decoded from data · `file`: read from a file · `computed`: anything else. */
  readonly kind: 'packed' | 'file' | 'computed';
}

const PACKED =
  /\b(?:decompress|b85decode|a85decode|b64decode|b32decode|urlsafe_b64decode|fromhex|unhexlify|loads|a2b_base64)$/;
const FILE = /^(?:open|read_text|read_bytes|read)$/;

/** Nobody needs more, and each is followed and unpacked. */
const HIDDEN_MAX = 20;
const STEPS_MAX = 5_000;

/** `exec`, `eval`, `marshal.loads` and `runpy` over anything. */
export function findHidden(facts: SourceFacts): Hidden[] {
  const found: Hidden[] = [];
  for (const call of facts.calls) {
    if (found.length >= HIDDEN_MAX) break;
    const code = call.args[0];
    if (code === undefined) continue;
    const runs = call.name === 'exec' || call.name === 'eval' || call.name === 'builtins.exec';
    if (call.name !== null && /^runpy\.run_(?:path|module)$/.test(call.name)) {
      found.push({ node: call.node, code, kind: 'file' });
    }
    // `model.eval()` has no argument and another name; literal code is audited like unpacked code.
    if (runs) found.push({ node: call.node, code, kind: kindOf(facts, code) });
  }
  return found;
}

function kindOf(facts: SourceFacts, code: PyNode): Hidden['kind'] {
  const methods = new Set<string>();
  const queue = [code];
  let steps = 0;
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    for (const node of subtree(facts.source, next)) {
      if (++steps > STEPS_MAX) break;
      const call: Call | null = callOf(facts.source, node);
      if (call !== null) methods.add(call.method);
      if (node.type !== 'VariableName') continue;
      const bound = bindingOf(facts, dottedName(facts.source, node)!, node);
      if (bound !== null && bound.index !== code.index) queue.push(bound);
    }
  }
  const names = [...methods];
  if (names.some((name) => PACKED.test(name))) return 'packed';
  return names.some((name) => FILE.test(name)) ? 'file' : 'computed';
}

/** The finding for code that stayed hidden. */
export function hiddenFinding(facts: SourceFacts, { node, kind }: Hidden): Found {
  if (kind === 'file') {
    return [
      node,
      {
        check: 'loader',
        severity: 'warn',
        explanation:
          'The script runs the text of another file, which is not audited here and may not be in the counted size (#1412: a 74-byte loader for 80,055 bytes).',
        remedy: 'Audit the file that it loads, and count it.',
      },
    ];
  }
  const share = Math.round((100 * (node.to - node.from)) / Math.max(facts.source.text.length, 1));
  return [
    node,
    {
      check: 'obfuscated',
      severity: 'warn',
      explanation: `The script runs code that it ${kind === 'packed' ? 'unpacks' : 'computes'} (${share} % of the file is in this call): whatever evaluates there cannot be read.`,
      remedy: 'Publish the readable source beside the packed one, and audit that.',
    },
  ];
}

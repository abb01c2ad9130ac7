/**
 * Search for source that hides what it runs: packed code, and code read from files.
 */
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

/** `exec` and `eval` over anything. */
export function findHidden(facts: SourceFacts): Hidden[] {
  const found: Hidden[] = [];
  for (const call of facts.calls) {
    if (found.length >= HIDDEN_MAX) break;
    const code = call.args[0];
    if (code === undefined) continue;
    const runs = call.name === 'exec' || call.name === 'eval' || call.name === 'builtins.exec';
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

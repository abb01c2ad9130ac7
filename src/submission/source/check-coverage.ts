/**
 * Checks for validation data that is cut short, altered, or fetched while evaluating.
 */
import { DOCUMENTS, TOKENS_MIN } from '../published-set.js';
import type { Found } from './check-lut.js';
import { constantOf } from './constants.js';
import type { SourceFacts } from './facts.js';
import { stringValue } from './literals.js';
import { callOf, type PyNode, textOf } from './nodes.js';
import { SCORE_WHOLE } from './remedies.js';
import { limits as cutsOff, isUnconditional, readsOf, restIsUsed } from './uses.js';

const LIMIT =
  /(?:^|[-_.])(?:num[-_]|max[-_]|n[-_])?(?:val|valid|validation|eval)[-_](?:max[-_]|num[-_]|n[-_])?(docs?|documents|tokens|toks|seqs?|sequences|rows|samples|examples|batches|iters)(?:[-_](?:limit|max))?$/i;

export function checkCoverage(facts: SourceFacts): Found[] {
  return [...limits(facts), ...slices(facts), ...lossyText(facts), ...network(facts)];
}

/** `--val-docs default=10_000`, `VAL_TOKENS = 3_000_000`, `eval_seqs=500`. */
function limits(facts: SourceFacts): Found[] {
  const found: Found[] = [];
  const judge = (node: PyNode, name: string, value: PyNode, isKeyword: boolean) => {
    const unit = LIMIT.exec(name)?.[1]?.toLowerCase();
    const limit = unit === undefined ? null : constantOf(facts, value);
    if (unit === undefined || limit === null || limit <= 0 || !Number.isFinite(limit)) return;
    if (unit.startsWith('doc') && limit >= DOCUMENTS) return;
    if (unit.startsWith('tok') && limit >= TOKENS_MIN) return;
    const uses = readsOf(facts, name.split('.').at(-1)!.replace(/^-+/, '').replaceAll('-', '_'));
    // What is passed on is used where it arrives; what nothing reads limits nothing.
    if (uses.length === 0 && !isKeyword) return;
    const cuts = uses.some((use) => cutsOff(facts, use));
    const sure = cuts && /^(?:doc|tok)/.test(unit);
    found.push([
      node,
      {
        check: 'truncated-set',
        severity: sure ? 'fail' : 'warn',
        explanation: `${name} is ${limit.toLocaleString('en-US')}: the validation set has 50,000 documents and must be scored whole${unit.startsWith('doc') ? '; what an export leaves out of it lands in the training shards (#2127)' : ''}.`,
        remedy: unit.startsWith('doc')
          ? 'Set it to 50000.'
          : 'Leave the limit out, or label the score as partial.',
      },
    ]);
  };
  for (const { name, node, value, operator } of facts.assignments) {
    if (name !== null && operator === '=') judge(node, name, value, false);
  }
  for (const call of facts.calls) {
    const option = call.method === 'add_argument' ? stringValue(facts.source, call.args[0]) : null;
    const value = call.keywords.get('default');
    if (option !== null && value !== undefined) judge(call.node, option, value, false);
    for (const [name, given] of call.keywords) judge(call.node, name, given, true);
  }
  return found;
}

/** `val_tokens = val_tokens[:5_000_000]`; a constant offset of a loop is no such limit. */
function slices(facts: SourceFacts): Found[] {
  const found: Found[] = [];
  const assigned = new Map(facts.assignments.map(({ value, name }) => [value, name]));
  for (const node of facts.source.nodes) {
    if (node.type !== 'MemberExpression' || node.children.length !== 5) continue;
    const [target, , colon, end, close] = node.children;
    if (colon?.type !== ':' || close?.type !== ']' || target === undefined) continue;
    const name = textOf(facts.source, target);
    if (!/val|eval/i.test(name) || !/tok|doc|seq|row/i.test(name)) continue;
    const limit = constantOf(facts, end!);
    if (limit === null || limit < 100 || limit >= TOKENS_MIN) continue;
    if (/doc/i.test(name) && limit >= DOCUMENTS) continue;
    // A buffer whose beginning is written and whose rest is kept loses nothing.
    if (restIsUsed(facts, target, end!)) continue;
    const kept = keptAs(facts, node, assigned);
    if (kept === null) continue;
    const sure = kept === name && isUnconditional(node);
    found.push([
      node,
      {
        check: 'truncated-set',
        severity: sure ? 'fail' : 'warn',
        explanation: `Only the first ${limit.toLocaleString('en-US')} of ${name} are used.`,
        remedy: SCORE_WHOLE,
      },
    ]);
  }
  return found;
}

/** The name that a cut set is kept under, or the evaluation that gets it; null for any other use. */
function keptAs(
  facts: SourceFacts,
  node: PyNode,
  assigned: ReadonlyMap<PyNode, string | null>,
): string | null {
  const name = assigned.get(node);
  if (name !== undefined) {
    return name !== null && /val|eval/i.test(name) && /tok|doc|seq|row/i.test(name) ? name : null;
  }
  const list = node.parent?.type === 'ArgList' ? node.parent.parent : null;
  const call = list === null ? null : callOf(facts.source, list);
  const method = call?.method ?? '';
  return /eval|score|valid|bpb/i.test(method) ? method : null;
}

/** Text that is folded before it is encoded: the bytes of another text are counted (#1578, #1604). */
function lossyText(facts: SourceFacts): Found[] {
  return facts.calls.flatMap((call): Found[] => {
    if (!/^(?:encode|Encode|encode_as_ids|EncodeAsIds)$/.test(call.method)) return [];
    const [first] = call.args;
    if (call.receiver === null || first === undefined) return [];
    if (!/sp|tok|enc/i.test(textOf(facts.source, call.receiver))) return [];
    const lossy = /\.(?:casefold|lower|upper|swapcase)\(\)|unicodedata\.normalize\(/;
    if (!lossy.test(textOf(facts.source, first))) return [];
    return [
      [
        call.node,
        {
          check: 'lossy-text',
          severity: 'fail',
          explanation:
            'The text is folded or normalized before it is encoded: what is scored is not the published document.',
          remedy:
            'Encode the document as it is, or use a transform that can be inverted, with a sidecar.',
        },
      ],
    ];
  });
}

const FETCH =
  /(?:^|\.)(?:hf_hub_download|snapshot_download|load_dataset|from_pretrained|urlopen|urlretrieve)$|^(?:requests|httpx)\.(?:get|post|request|stream|Client|Session)$|^(?:gdown|wget)\.download$|^socket\.create_connection$/;
/** `nn.Embedding.from_pretrained` takes a tensor. */
const OF_TENSOR = /(?:^|\.)Embedding(?:Bag)?\.from_pretrained$/;
const SHELL = /^(?:os\.(?:system|popen)|subprocess\.\w+)$/;
const SHELL_FETCH =
  /\b(?:curl|wget|huggingface-cli|hf download|git clone|aria2c|gsutil|aws s3|pip3? install|apt(?:-get)? install)\b|^(?:pip3?)$/;

function network(facts: SourceFacts): Found[] {
  return facts.calls.flatMap((call): Found[] => {
    const name = call.name ?? call.method;
    const root = name.split('.')[0]!;
    const full = name.replace(root, facts.aliases.get(root) ?? root);
    const fetches = (FETCH.test(full) || FETCH.test(call.method)) && !OF_TENSOR.test(full);
    const shell =
      SHELL.test(full) &&
      SHELL_FETCH.test(textOf(facts.source, call.node).replace(/["'],\s*["']/g, ' '));
    if (!fetches && !shell) return [];
    return [
      [
        call.node,
        {
          check: 'network',
          severity: 'warn',
          explanation:
            'Something is fetched from outside: downloads and network calls are not allowed while evaluating (README L209).',
          remedy:
            'Put what is needed into the artifact; fetch data before the run, in another script.',
        },
      ],
    ];
  });
}

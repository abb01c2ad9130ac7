/**
 * Checks of how losses become one score: means of means, narrow sums, dropped and repeated
 * targets.
 */

import type { Found } from './check-lut.js';
import type { SourceFacts } from './facts.js';
import { type Call, callOf, dottedName, enclosing, type PyNode, textOf } from './nodes.js';
import { DIVIDE_ONCE, SCORE_REST } from './remedies.js';
import type { Words } from './report.js';

const EVALUATION = /eval|valid|score|bpb|ttt|test/i;
const MEAN = /^(?:np|numpy|statistics|torch|jnp)\.(?:mean|fmean|average|nanmean)$/;
/** What a loop goes over: parts of the set, whose scores have different weights, … */
const PIECES_OF_SET = /doc|batch|chunk|window|seq|row|shard|segment|text|sample|example|loader/i;
/** … or the same set again and again. */
const REPEATS = /seed|\brun|trial|fold|epoch|ckpt|checkpoint|\bstep|rank|model|history|hist\b/i;
const SUM_NAME =
  /(?:loss|nll|nats|bits|bytes?|tok\w*)_?(?:sum|total|acc\w*|count)|(?:sum|total|acc)\w*_?(?:loss|nll|nats|bits|bytes?|tok\w*)/i;

export function checkAggregation(facts: SourceFacts): Found[] {
  return [
    ...meansOfMeans(facts),
    ...narrowSums(facts),
    ...rankRemainders(facts),
    ...repeatedWindows(facts),
  ];
}

function functionName(facts: SourceFacts, node: PyNode): string {
  const owner = enclosing(node, 'FunctionDefinition');
  const name = owner?.children.find(({ type }) => type === 'VariableName');
  return name === undefined ? '' : textOf(facts.source, name);
}

/** `np.mean(bpbs)` and `sum(losses) / len(losses)` of lists that a loop appended to. */
function meansOfMeans(facts: SourceFacts): Found[] {
  const appended = new Map<string, string[]>();
  for (const { method, receiver, node } of facts.calls) {
    const list =
      method === 'append' && receiver !== null ? dottedName(facts.source, receiver) : null;
    if (list === null) continue;
    appended.set(list, [...(appended.get(list) ?? []), loopAround(facts, node)]);
  }
  const found: Found[] = [];
  const judge = (node: PyNode, list: string | null) => {
    if (list === null || !appended.has(list) || !/bpb|bits|loss|nll/i.test(list)) return;
    const bpb = /bpb|bits/i.test(list);
    const over = appended.get(list)!;
    // Scores of several seeds, runs or checkpoints are each of the whole set.
    if (over.some((loop) => REPEATS.test(loop)) || REPEATS.test(list)) return;
    const target = enclosing(node, 'AssignStatement')?.children[0];
    const context = `${functionName(facts, node)} ${target ? textOf(facts.source, target) : ''}`;
    if (!bpb && (!EVALUATION.test(context) || /train/i.test(context))) return;
    const sure = bpb && over.some((loop) => PIECES_OF_SET.test(loop));
    found.push([
      node,
      {
        check: 'mean-of-means',
        severity: sure ? 'fail' : 'warn',
        explanation: bpb
          ? 'Scores are averaged, each with the same weight: a short document counts as much as a long one.'
          : 'Losses of batches are averaged with equal weight: right only where every batch has as many targets.',
        remedy: DIVIDE_ONCE,
      },
    ]);
  };
  for (const call of facts.calls) {
    if (call.name !== null && MEAN.test(call.name)) judge(call.node, listOf(facts, call));
  }
  for (const node of facts.binaries) {
    const [left, operator, right] = node.children;
    if (left === undefined || right === undefined) continue;
    if (textOf(facts.source, operator!) !== '/') continue;
    const [sum, count] = [callOf(facts.source, left), callOf(facts.source, right)];
    if (sum?.name !== 'sum' || count?.name !== 'len') continue;
    const list = listOf(facts, sum);
    if (list === listOf(facts, count)) judge(node, list);
  }
  return found;
}

/** The head of the loop around a place, `for doc in docs`; empty outside of loops. */
function loopAround(facts: SourceFacts, node: PyNode): string {
  const loop = enclosing(node, 'ForStatement');
  const body = loop?.children.find(({ type }) => type === 'Body');
  if (loop === null || body === undefined) return '';
  return facts.source.text.slice(loop.from, Math.min(body.from, loop.from + 400));
}

function listOf(facts: SourceFacts, call: Call): string | null {
  const first = call.args[0];
  if (first === undefined) return null;
  const inner = callOf(facts.source, first);
  return dottedName(facts.source, inner?.args[0] ?? first);
}

/** Sums over 10⁷ and more targets in float32 or narrower (docs/challenge.md, sums in float32). */
function narrowSums(facts: SourceFacts): Found[] {
  const updated = new Set(
    facts.assignments.filter(({ operator }) => operator === '+=').map(({ name }) => name),
  );
  const found: Found[] = [];
  for (const { name, node, value, operator } of facts.assignments) {
    if (name === null || operator !== '=' || !SUM_NAME.test(name) || !updated.has(name)) continue;
    if (!EVALUATION.test(`${functionName(facts, node)} ${name}`) && !/val/i.test(name)) continue;
    const type = narrowType(facts, value);
    if (type === null) continue;
    found.push([node, narrowWords(name, type)]);
  }
  return found;
}

/** @param what is added up, @param type its narrow type */
export function narrowWords(what: string, type: string): Words {
  return {
    check: 'narrow-sum',
    severity: type === 'float32' ? 'warn' : 'fail',
    explanation: `${what} is a running sum in ${type}: over tens of millions of targets it loses digits (62 million losses added one by one come out 41 % low).`,
    remedy: 'Use dtype=torch.float64, as the reference evaluator does.',
  };
}

function narrowType(facts: SourceFacts, value: PyNode): string | null {
  const call = callOf(facts.source, value);
  if (call === null || call.name === null) return null;
  if (/^(?:np|numpy)\.float(?:16|32)$/.test(call.name)) return call.name.split('.')[1]!;
  if (!/^(?:torch|np|numpy)\.(?:zeros|tensor|full|array)$/.test(call.name)) return null;
  const given = call.keywords.get('dtype');
  const type = given === undefined ? null : textOf(facts.source, given);
  if (type !== null) {
    return (
      /bfloat16|float16|half/.exec(type)?.[0] ?? (/float32|\.float$/.test(type) ? 'float32' : null)
    );
  }
  // NumPy's default is float64, and a tensor of an integer literal is int64.
  if (call.name === 'torch.zeros') return 'float32';
  const literal = call.args[0] === undefined ? '' : textOf(facts.source, call.args[0]);
  return call.name === 'torch.tensor' && /^0?\.\d*$|^\d+\.\d*$/.test(literal) ? 'float32' : null;
}

/** `(n // local_batch) * local_batch`, and shares per rank: the remainder is never scored. */
function rankRemainders(facts: SourceFacts): Found[] {
  const found: Found[] = [];
  for (const node of facts.binaries) {
    const [left, operator, right] = node.children;
    if (left === undefined || right === undefined) continue;
    if (textOf(facts.source, operator!) !== '*') continue;
    const text = textOf(facts.source, left).replace(/\s+/g, '');
    const unit = textOf(facts.source, right).replace(/\s+/g, '');
    const floor = text.replace(/^\(|\)$/g, '');
    if (!floor.endsWith(`//${unit}`) || !EVALUATION.test(functionName(facts, node))) continue;
    const perRank = /world|rank|nproc|num_gpus/i.test(floor);
    if (!/batch/i.test(unit) && !perRank) continue;
    found.push([
      node,
      {
        check: 'rank-remainder',
        severity: 'warn',
        explanation:
          'The remainder of each rank’s share is dropped: up to 0.4 % of the targets are not scored, and the score depends on the number of GPUs.',
        remedy: SCORE_REST,
      },
    ]);
  }
  return found;
}

/** `min(ws + seq_len, total) - ws >= 1`: short last windows that score the same tokens again. */
function repeatedWindows(facts: SourceFacts): Found[] {
  const found: Found[] = [];
  for (const node of facts.binaries) {
    if (node.children[1]?.type !== 'CompareOp') continue;
    const text = textOf(facts.source, node).replace(/\s+/g, '');
    if (!/^\(?min\((\w+)\+[\w.]+,[\w.]+\)-\1\)?(?:>=1|>0)$/.test(text)) continue;
    found.push([
      node,
      {
        check: 'scored-twice',
        severity: 'warn',
        explanation:
          'Every window that has a token left is scored: the short last ones score the last stride tokens again (960 extra terms at 1024/64, about 1e-5 of the bpb).',
        remedy: 'Start a window only where ws = 0 or ws + seq_len - stride < total.',
      },
    ]);
  }
  return found;
}

/**
 * Settings under which a script evaluates in functions that it does not reach by default: found from the `if` around
 * each mention of such a function, and turned for a run of their own.
 */
import type { SourceModule } from '../python/runtime.js';
import { type PyNode, type PySource, subtree, textOf } from '../source/nodes.js';
import { scores } from './alone.js';
import type { Switched } from './types.js';

/** Settings other than the defaults, and the evaluations that they lead to. */
interface Switch extends Switched {
  readonly instead: ReadonlyMap<string, number>;
}

/** Calls of calls that are followed upwards from an evaluation. */
const CALLERS_MAX = 4;
/** Mentions of one name that are looked at. */
const MENTIONS_MAX = 8;
/** Ways to a function that are looked at. */
const WAYS_MAX = 16;
/** Nodes of an assignment whose names are looked at. */
const ASSIGNED_MAX = 60;
/** Most sets of switches for a script. */
const SWITCHES_MAX = 3;

const LENGTH = /stride|overlap|len|window|ctx|context|chunk|tokens/i;

/** A condition, and whether what it guards is reached where it holds. */
interface Guard {
  readonly source: PySource;
  readonly node: PyNode;
  readonly holds: boolean;
}

interface Mention {
  readonly source: PySource;
  readonly node: PyNode;
}

/**
 * @param settings numbers that a run by default stated, by name
 * @param reached names of the functions that made its scores
 * @param length for a stride or an overlap that is off by default, in tokens of the run
 */
export function switchesOf(
  modules: readonly SourceModule[],
  settings: ReadonlyMap<string, number>,
  reached: ReadonlySet<string>,
  length: number,
): Switch[] {
  const sources = modules.map(({ source }) => source);
  const mentions = mentionsIn(sources);
  const assigned = assignedIn(sources);
  const switches = new Map<string, { instead: Map<string, number>; functions: string[] }>();
  for (const name of evaluationsIn(sources)) {
    if (reached.has(name)) continue;
    for (const guards of guardsOf(name, mentions, CALLERS_MAX)) {
      const instead = turned(guards, { settings, assigned, length });
      if (instead.size === 0) continue;
      const words = wordsOf(instead);
      const known = switches.get(words) ?? { instead, functions: [] };
      if (!known.functions.includes(name)) known.functions.push(name);
      switches.set(words, known);
    }
  }
  return [...switches]
    .slice(0, SWITCHES_MAX)
    .map(([words, { instead, functions }]) => ({ words, instead, functions }));
}

function evaluationsIn(sources: readonly PySource[]): string[] {
  return sources.flatMap((source) =>
    source.nodes.flatMap((node) => {
      const name = node.type === 'FunctionDefinition' ? nameOf(source, node) : null;
      return name !== null && scores(name, textOf(source, node, 20_000)) ? [name] : [];
    }),
  );
}

function nameOf(source: PySource, definition: PyNode): string | null {
  const name = definition.children.find(({ type }) => type === 'VariableName');
  return name === undefined ? null : textOf(source, name);
}

/** Uses of names, other than where a function is defined. */
function mentionsIn(sources: readonly PySource[]): Map<string, Mention[]> {
  const mentions = new Map<string, Mention[]>();
  for (const source of sources) {
    for (const node of source.nodes) {
      if (node.type !== 'VariableName' && node.type !== 'PropertyName') continue;
      if (node.parent?.type === 'FunctionDefinition') continue;
      const name = textOf(source, node);
      const known = mentions.get(name) ?? [];
      if (known.length < MENTIONS_MAX) mentions.set(name, [...known, { source, node }]);
    }
  }
  return mentions;
}

/** The conditions on each way to a function, those of its callers among them. */
function guardsOf(
  name: string,
  mentions: ReadonlyMap<string, readonly Mention[]>,
  callers: number,
): Guard[][] {
  const ways = (mentions.get(name) ?? []).flatMap(({ source, node }) => {
    const { guards, caller } = guardsAround(source, node);
    if (caller === null || caller === name || callers === 0) return [guards];
    const above = guardsOf(caller, mentions, callers - 1);
    return above.length === 0 ? [guards] : above.map((outer) => [...outer, ...guards]);
  });
  return ways.slice(0, WAYS_MAX);
}

function guardsAround(source: PySource, node: PyNode) {
  const guards: Guard[] = [];
  let caller: string | null = null;
  let inner = node;
  for (let at = node.parent; at !== null; inner = at, at = at.parent) {
    if (at.type === 'FunctionDefinition') {
      caller = nameOf(source, at);
      break;
    }
    if (at.type !== 'IfStatement' || inner.type !== 'Body') continue;
    guards.push(...guardsOfBody(source, at.children, inner));
  }
  return { guards, caller };
}

/** Of `if`, condition, body, `elif`, condition, body, `else`, body: all conditions up to the body's own. */
function guardsOfBody(source: PySource, children: readonly PyNode[], body: PyNode): Guard[] {
  const place = children.indexOf(body);
  const tests = children.filter(
    (_, i) => i < place && /^(el)?if$/.test(children[i - 1]?.type ?? ''),
  );
  const own = children[place - 1]?.type === 'else' ? null : tests.at(-1);
  return tests.map((node) => ({ source, node, holds: node === own }));
}

interface Known {
  readonly settings: ReadonlyMap<string, number>;
  /** Words of what is assigned to a name. */
  readonly assigned: ReadonlyMap<string, readonly string[]>;
  readonly length: number;
}

/** Switches of the conditions, where their stated numbers do not already do. */
function turned(guards: readonly Guard[], { settings, assigned, length }: Known) {
  const instead = new Map<string, number>();
  for (const { source, node, holds } of guards) {
    for (const part of subtree(source, node)) {
      const word = wordOf(source, part);
      if (word === null) continue;
      const own = spelled(word, settings);
      const names =
        own.length > 0
          ? own
          : (assigned.get(word) ?? []).flatMap((each) => spelled(each, settings));
      const on = isNegated(source, part, node) ? !holds : holds;
      for (const name of names) {
        const value = settings.get(name)!;
        if (on && value === 0) instead.set(name, LENGTH.test(name) ? length : 1);
        else if (!on && value === 1) instead.set(name, 0);
      }
    }
  }
  return instead;
}

/** Under an odd number of `not` and `== 0` within the condition. */
function isNegated(source: PySource, part: PyNode, condition: PyNode): boolean {
  let negated = false;
  for (let at: PyNode | null = part; at !== null; at = at.parent) {
    if (at.type === 'UnaryExpression' && at.children[0]?.type === 'not') negated = !negated;
    if (at.type === 'BinaryExpression' && /==\s*0\s*$/.test(textOf(source, at))) negated = !negated;
    if (at === condition) break;
  }
  return negated;
}

/** A name, or a short text such as that of an environment variable. */
function wordOf(source: PySource, node: PyNode): string | null {
  if (node.type === 'String') return /^["'](\w+)["']$/.exec(textOf(source, node))?.[1] ?? null;
  return node.type === 'VariableName' || node.type === 'PropertyName' ? textOf(source, node) : null;
}

function assignedIn(sources: readonly PySource[]): Map<string, readonly string[]> {
  const assigned = new Map<string, string[]>();
  for (const source of sources) {
    for (const node of source.nodes) {
      const target = node.type === 'AssignStatement' ? node.children[0] : undefined;
      const name = target === undefined ? null : wordOf(source, target);
      if (name === null || node.end - node.index > ASSIGNED_MAX) continue;
      const words = [...subtree(source, node)].flatMap((part) => wordOf(source, part) ?? []);
      assigned.set(name, [...(assigned.get(name) ?? []), ...words.slice(1)]);
    }
  }
  return assigned;
}

function spelled(word: string, settings: ReadonlyMap<string, number>): string[] {
  const lower = word.toLowerCase();
  return [...settings.keys()].filter((name) => name.toLowerCase() === lower);
}

/** `TTT_ENABLED=1, EVAL_STRIDE above 0` */
function wordsOf(instead: ReadonlyMap<string, number>): string {
  const spellings = new Map<string, [string, number]>();
  for (const [name, value] of instead) {
    const known = spellings.get(name.toLowerCase());
    // The environment's spelling is what a user sets.
    if (known === undefined || name === name.toUpperCase()) {
      spellings.set(name.toLowerCase(), [name, value]);
    }
  }
  return [...spellings.values()]
    .map(([name, value]) => (value > 1 ? `${name} above 0` : `${name}=${value}`))
    .join(', ');
}

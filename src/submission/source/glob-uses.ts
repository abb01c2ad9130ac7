/**
 * What the files that a pattern finds are used for.
 */
import type { SourceFacts } from './facts.js';
import { type Call, callOf, type PyNode, textOf } from './nodes.js';
import { readsOf } from './uses.js';

const FINDS = /^(?:glob|iglob|rglob|fnmatch|filter)$/;
/** Calls that take the content of a file. */
const READS =
  /load|read|open|memmap|fromfile|from_file|frombuffer|parse|decode|tokens|shard|Dataset|Loader|Stream/i;
/** Calls that take a file away, or only look at its name or its size. */
const LEAVES =
  /^(?:unlink|remove|rmtree|rename|replace|move|stat|getsize|exists|is_file|print|len|append|add|extend|basename|sorted|list|set|str|Path|write|info|debug|join|sum|match|startswith|endswith)$/;
/** Names, functions and wrappers are followed this far. */
const DEPTH_MAX = 6;
/** Uses that are looked at for one pattern: names in names must not multiply. */
const LOOKED_MAX = 2_000;

type Use = 'read' | 'left' | 'unknown';

/** `read` where their content is taken, `left` where it certainly is not. */
export function useOfFiles(facts: SourceFacts, pattern: PyNode): Use {
  return strongest(new FileUses(facts).of(pattern, false, 0));
}

function strongest(uses: readonly Use[]): Use {
  if (uses.includes('read')) return 'read';
  return uses.length === 0 || uses.includes('unknown') ? 'unknown' : 'left';
}

class FileUses {
  private looked = 0;

  constructor(private readonly facts: SourceFacts) {}

  /** @param found whether the value is what was found, and no longer the pattern */
  of(node: PyNode, found: boolean, depth: number): Use[] {
    if (depth > DEPTH_MAX || ++this.looked > LOOKED_MAX) return ['unknown'];
    const { source } = this.facts;
    let at = node;
    let files = found;
    for (let above = at.parent; above !== null; at = above, above = at.parent) {
      const call = above.type === 'ArgList' ? callOf(source, above.parent!) : null;
      if (call !== null) {
        const use = this.byCall(call, at, files, depth);
        if (use === 'through') {
          at = above;
          above = above.parent!;
          files ||= FINDS.test(call.method);
          continue;
        }
        return use;
      }
      switch (above.type) {
        case 'MemberExpression': {
          // `f.unlink()`, `folder.glob(p)[0]`
          const method =
            above.children[1]?.type === '.' ? textOf(source, above.children[2]!) : null;
          if (method !== null && above.children[0] === at && files) {
            if (LEAVES.test(method)) return ['left'];
            if (READS.test(method)) return ['read'];
          }
          continue;
        }
        case 'ForStatement':
        case 'ArrayComprehensionExpression':
        case 'ComprehensionExpression':
        case 'SetComprehensionExpression':
        case 'DictionaryComprehensionExpression': {
          const place = above.children.findIndex(({ index }) => index === at.index);
          const word = above.children
            .slice(0, place)
            .findLast(({ type }) => /^(?:for|in|if)$/.test(type));
          if (word?.type !== 'in') continue;
          const to = above.children.findLastIndex(({ type }, i) => type === 'in' && i < place);
          const from = above.children.findLastIndex(({ type }, i) => type === 'for' && i < to);
          const names = above.children
            .slice(from + 1, to)
            .filter(({ type }) => type === 'VariableName');
          const inside = names.flatMap((name) => this.ofName(name, above!, files, depth));
          if (above.type === 'ForStatement') return inside;
          // What a comprehension gives is used further on.
          const read = inside.includes('read');
          if (read) return ['read'];
          continue;
        }
        case 'AssignStatement':
        case 'NamedExpression': {
          const target = above.children[0]!;
          const name = target.type === 'MemberExpression' ? target.children.at(-1)! : target;
          if (!/^(?:VariableName|PropertyName)$/.test(name.type)) return ['unknown'];
          return this.ofName(name, source.root, files, depth);
        }
        case 'ExpressionStatement':
          return ['left'];
        case 'DictionaryExpression':
          // A pattern that is written down, as in a manifest, finds nothing.
          return [files ? 'unknown' : 'left'];
        case 'ReturnStatement':
        case 'Script':
          return ['unknown'];
        default:
          if (/Statement$|^Body$|Definition$|^ParamList$/.test(above.type)) return ['unknown'];
      }
    }
    return ['unknown'];
  }

  private ofName(name: PyNode, within: PyNode, files: boolean, depth: number): Use[] {
    const { facts } = this;
    const uses = readsOf(facts, textOf(facts.source, name)).filter(
      ({ index }) => index !== name.index && index >= within.index && index < within.end,
    );
    return uses.flatMap((use) => {
      const whole = use.type === 'PropertyName' ? use.parent! : use;
      return this.of(whole, files, depth + 1);
    });
  }

  private byCall(call: Call, argument: PyNode, files: boolean, depth: number): Use[] | 'through' {
    if (FINDS.test(call.method)) return 'through';
    const place = call.args.findIndex(({ index }) => index === argument.index);
    const own = this.facts.functions.find(({ name }) => name === call.method);
    if (own !== undefined && place !== -1) {
      const list = own.node.children.find(({ type }) => type === 'ParamList');
      const params = (list?.children ?? []).filter(
        ({ type }, i) => type === 'VariableName' && list!.children[i - 1]?.type !== 'AssignOp',
      );
      const param = params[place];
      if (param === undefined) return ['unknown'];
      return this.ofName(param, own.node, files, depth);
    }
    if (
      files &&
      LEAVES.test(call.method) &&
      !/^(?:sorted|list|set|str|Path|join)$/.test(call.method)
    ) {
      return ['left'];
    }
    if (
      /^(?:sorted|list|set|str|Path|join|fspath|tuple|enumerate|zip|reversed)$/.test(call.method)
    ) {
      return 'through';
    }
    return files && READS.test(call.method) ? ['read'] : ['unknown'];
  }
}

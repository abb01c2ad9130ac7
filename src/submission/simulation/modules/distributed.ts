/**
 * The module `torch.distributed`: ranks that are run one after the other, in passes.
 *
 * A collective call needs what the other ranks give, and those that come later have not run yet. So ranks are run
 * again until they give in their k-th call what they gave in the pass before: then every call had the right answers.
 * In the first pass the first ranks have the fewest answers. Where they give the same with all of them, so would the
 * others, which run the same code.
 */

import { NdArray } from '../../python/library/array.js';
import type { Runtime } from '../../python/runtime.js';
import { type Native, PyModule, PyObject, Unknown, type Value } from '../../python/values.js';
import { argument, moduleOf } from '../arguments.js';
import { sameValue } from './same.js';

/** What the ranks gave in their collective calls, by rank and call. */
export class Exchange {
  private before: Value[][] = [];
  private now: Value[][];
  private first = true;
  /** A rank was not followed up to a call that another one makes. */
  partial = false;

  constructor(readonly ranks: number) {
    this.now = Array.from({ length: ranks }, () => []);
  }
  give(rank: number, value: Value): number {
    return this.now[rank]!.push(value) - 1;
  }
  /** What `rank` gives in call `k`: in this pass where it has run, else in the one before; undefined where in none. */
  of(rank: number, k: number): Value | undefined {
    const given = this.now[rank]!;
    return k < given.length ? given[k] : this.before[rank]?.[k];
  }
  /** The same; from the second pass on, what no pass has given is not known. */
  asked(rank: number, k: number, runtime: Runtime): Value | undefined {
    const value = this.of(rank, k);
    if (value !== undefined || this.first) return value;
    this.partial = true;
    return runtime.unknown(`what rank ${rank} gives, which was not followed so far`);
  }
  /** Whether a rank gave what it gave in the pass before, or nothing in all. */
  agrees(rank: number): boolean {
    const [given, before] = [this.now[rank]!, this.before[rank] ?? []];
    // What was not followed is no contradiction.
    const same = given.every((value, k) => isLost(value) || sameValue(value, before[k] ?? null));
    return same && (given.length === before.length || this.partial);
  }
  /** Ends a pass; true where it gave what the one before gave. */
  settle(): boolean {
    const same = this.now.every((_, rank) => this.agrees(rank));
    this.before = this.now;
    this.now = Array.from({ length: this.ranks }, () => []);
    this.first = false;
    this.partial = false;
    return same;
  }
}

const isLost = (value: Value): boolean =>
  value instanceof Unknown || (value instanceof NdArray && value.unknown !== null);

class Operation extends PyObject {
  readonly typeName = 'RedOpType';
  constructor(readonly name: string) {
    super();
  }
}

const OPERATIONS = ['SUM', 'AVG', 'MAX', 'MIN', 'PRODUCT', 'BAND', 'BOR', 'PREMUL_SUM'];

/** A copy that later changes of the tensor do not reach. */
function copyOf(value: Value, runtime: Runtime): Value {
  if (!(value instanceof PyObject) || value instanceof Unknown) return value;
  const clone = value.attribute('clone', runtime);
  return clone === undefined ? value : runtime.call(clone, []);
}

/** Changes `target` in place. */
function assign(target: Value, value: Value, runtime: Runtime): void {
  if (!(target instanceof PyObject) || target instanceof Unknown) return;
  target.update('', value, runtime);
}

export function distributedModule(exchange: Exchange, rank: number): PyModule {
  const { ranks } = exchange;
  let initialized = false;

  /** What all ranks give in this call, in their order; null where some of it is not known yet. */
  const gathered = (value: Value, runtime: Runtime): Value[] | null => {
    const k = exchange.give(rank, copyOf(value, runtime));
    const all = Array.from({ length: ranks }, (_, each) => exchange.asked(each, k, runtime));
    return all.includes(undefined) ? null : (all as Value[]);
  };
  /** What one rank gives in this call; undefined where it is not known yet. */
  const sent = (value: Value, source: number, runtime: Runtime): Value | undefined =>
    exchange.asked(source, exchange.give(rank, copyOf(value, runtime)), runtime);
  const reduced = (tensor: Value, op: Value | undefined, runtime: Runtime): Value => {
    const all = gathered(tensor, runtime);
    if (all === null) return tensor;
    const operation = op instanceof Operation ? op.name : 'SUM';
    if (operation === 'SUM' || operation === 'AVG') {
      const sum = all.reduce((total, each) => runtime.binary('+', total, each));
      return operation === 'SUM' ? sum : runtime.binary('/', sum, ranks);
    }
    // Clocks and flags, which are the same for all ranks here.
    return all.every((each) => sameValue(each, all[0]!))
      ? all[0]!
      : runtime.unknown(`dist.all_reduce with ${operation}`);
  };
  const sourceOf = (keywords: ReadonlyMap<string, Value>, place: Value | undefined) => {
    const source = place ?? keywords.get('src') ?? keywords.get('dst') ?? 0;
    return typeof source === 'number' ? source : 0;
  };
  const work = () => null;
  const natives: Record<string, Native> = {
    is_available: () => true,
    is_nccl_available: () => true,
    is_initialized: () => initialized,
    init_process_group: () => {
      initialized = true;
      return null;
    },
    destroy_process_group: () => {
      initialized = false;
      return null;
    },
    get_rank: () => rank,
    get_world_size: () => ranks,
    get_backend: () => 'nccl',
    barrier: work,
    monitored_barrier: work,
    all_reduce: (args, keywords, runtime) => {
      const tensor = argument(args, keywords, 0, 'tensor') ?? null;
      assign(tensor, reduced(tensor, argument(args, keywords, 1, 'op'), runtime), runtime);
      return null;
    },
    reduce: (args, keywords, runtime) => {
      const tensor = argument(args, keywords, 0, 'tensor') ?? null;
      const result = reduced(tensor, argument(args, keywords, 2, 'op'), runtime);
      if (sourceOf(keywords, args[1]) === rank) assign(tensor, result, runtime);
      return null;
    },
    broadcast: (args, keywords, runtime) => {
      const tensor = argument(args, keywords, 0, 'tensor') ?? null;
      const given = sent(tensor, sourceOf(keywords, args[1]), runtime);
      if (given !== undefined) assign(tensor, given, runtime);
      return null;
    },
    all_gather: (args, keywords, runtime) => {
      const targets = runtime.sequence(argument(args, keywords, 0, 'tensor_list') ?? null) ?? [];
      const all = gathered(argument(args, keywords, 1, 'tensor') ?? null, runtime);
      for (const [i, target] of targets.entries()) {
        const value = all?.[i] ?? runtime.unknown('dist.all_gather');
        if (target instanceof PyObject && !(target instanceof Unknown)) {
          target.update('', value, runtime);
        }
      }
      return null;
    },
    all_gather_object: (args, keywords, runtime) => {
      const target = argument(args, keywords, 0, 'object_list') ?? null;
      const all = gathered(argument(args, keywords, 1, 'obj') ?? null, runtime);
      for (let i = 0; i < ranks; i++) {
        runtime.setItem(target, i, all?.[i] ?? runtime.unknown('dist.all_gather_object'));
      }
      return null;
    },
    gather_object: (args, keywords, runtime) => {
      const target = argument(args, keywords, 1, 'object_gather_list') ?? null;
      const all = gathered(argument(args, keywords, 0, 'obj') ?? null, runtime);
      if (target === null) return null;
      for (let i = 0; i < ranks; i++) {
        runtime.setItem(target, i, all?.[i] ?? runtime.unknown('dist.gather_object'));
      }
      return null;
    },
    broadcast_object_list: (args, keywords, runtime) => {
      const target = argument(args, keywords, 0, 'object_list') ?? null;
      const items = runtime.sequence(target);
      if (items === null) return null;
      const all = sent(runtime.list([...items]), sourceOf(keywords, args[1]), runtime);
      const given = runtime.sequence(all ?? null);
      for (const [i, value] of (given ?? []).entries()) runtime.setItem(target, i, value);
      return null;
    },
  };
  const operations = new Map(
    OPERATIONS.map((name): [string, Value] => [name, new Operation(name)]),
  );
  const operation = new PyModule('ReduceOp', operations);
  return moduleOf('torch.distributed', natives, {
    ReduceOp: operation,
    group: new PyModule('group', new Map([['WORLD', null]])),
  });
}

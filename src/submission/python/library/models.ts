/**
 * Classes of models: `nn.Module`, whose subclasses are run, and what wraps models.
 */
import { PyClass, PyInstance } from '../object-classes.js';
import { NativeMethod } from '../object-descriptors.js';
import { PyDict } from '../object-mappings.js';
import type { Runtime } from '../runtime.js';
import { type Keywords, type Native, PyObject, type Stop, Unknown, type Value } from '../values.js';
import { unknownCall } from './losses.js';

const ITSELF = [
  ...[
    'to',
    'cuda',
    'cpu',
    'float',
    'double',
    'half',
    'bfloat16',
    'requires_grad_',
    'apply',
    'compile',
  ],
  ...['share_memory', 'to_empty', 'type', 'freeze', 'unfreeze'],
];
const NOTHING = [
  '__init__',
  'zero_grad',
  'load_state_dict',
  'register_forward_hook',
  'load_weights',
  'update',
];

/** What a call of a model gives: its `forward`, or the mean loss of the targets where that is not known. */
function called(self: Value, args: readonly Value[], keywords: Keywords, runtime: Runtime): Value {
  const result = runtime.call(runtime.attribute(self, 'forward'), args, keywords);
  if (!(result instanceof Unknown)) return result;
  const callee = new Unknown(result.stop, 'forward', null);
  return unknownCall(callee, args, keywords, runtime) ?? result;
}

function register(
  self: Value,
  args: readonly Value[],
  keywords: Keywords,
  runtime: Runtime,
): Value {
  const name = args[0] ?? keywords.get('name');
  const value = args[1] ?? keywords.get('tensor') ?? keywords.get('param') ?? null;
  if (typeof name === 'string') runtime.setAttribute(self, name, value);
  return null;
}

/** Of a model and of the models in it. */
function setTraining(self: Value, training: Value, runtime: Runtime): void {
  const waiting: Value[] = [self];
  const seen = new Set<Value>();
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    runtime.spend(1);
    if (next instanceof PyInstance && next.cls.find('training') !== undefined) {
      runtime.setAttribute(next, 'training', training);
      for (const each of next.attributes.values()) waiting.push(each);
    } else if (next instanceof PyDict)
      for (const [, each] of next.entries.values()) waiting.push(each);
    else for (const each of runtime.sequence(next) ?? []) waiting.push(each);
  }
}

/** The base class of a library's models; instances may have attributes that are not known. */
export function moduleClass(stop: Stop): PyClass {
  const members = new Map<string, Value>([['training', true]]);
  const add = (name: string, native: NativeMethod['native']) =>
    members.set(name, new NativeMethod(name, native));
  for (const name of ITSELF) add(name, (self) => self);
  for (const name of NOTHING) add(name, () => null);
  add('train', (self, args, keywords, runtime) => {
    setTraining(self, args[0] ?? keywords.get('mode') ?? true, runtime);
    return self;
  });
  add('eval', (self, _, __, runtime) => {
    setTraining(self, false, runtime);
    return self;
  });
  add('__call__', called);
  for (const name of ['register_buffer', 'register_parameter', 'add_module', 'register_module']) {
    add(name, register);
  }
  return new PyClass('Module', [new Unknown(stop, 'Module')], members, true);
}

/** `DistributedDataParallel(model)`: the model, and as `module` again. */
class Wrapped extends PyObject {
  readonly typeName = 'DistributedDataParallel';
  constructor(private readonly model: Value) {
    super();
  }
  override attribute(name: string, runtime: Runtime): Value | undefined {
    return name === 'module' ? this.model : runtime.attribute(this.model, name);
  }
  override setAttribute(name: string, value: Value, runtime: Runtime): boolean {
    runtime.setAttribute(this.model, name, value);
    return true;
  }
  override call(args: readonly Value[], keywords: Keywords, runtime: Runtime): Value {
    return runtime.call(this.model, args, keywords);
  }
}

export const wrapped: Native = (args, keywords, runtime) => {
  const model = args[0] ?? keywords.get('module');
  if (model === undefined) return runtime.unknown('a model that is not given');
  return model instanceof PyInstance ? new Wrapped(model) : model;
};

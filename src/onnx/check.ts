/**
 * Checks of a model before a runtime gets it: no reference to other files, no recursion, operators that
 * compute from their inputs.
 */

import { type BpbError, inputError } from '../errors.js';
import type { Message } from '../protobuf/message.js';
import { checkOperators } from './check-operators.js';
import { readModel } from './reader.js';
import { ENTRY, MODEL } from './schema.js';
import { type OnnxSummary, readSummary } from './summary.js';

/** Function calls nested deeper than this are refused: ONNX Runtime expands them by recursion. */
const MAX_CALL_DEPTH = 64;

/** Key of a model's metadata that ONNX Runtime reads session settings from. */
const SETTINGS = 'ort_config';

/** A model that may be run. */
interface CheckedModel extends OnnxSummary {
  /** Operators that would have been refused if the caller had not allowed them. */
  readonly allowedOperators: readonly string[];
}

/**
 * Reads a model and refuses what is no ONNX file or could reach beyond itself.
 *
 * @param allowed operators that the caller trusts (`--allow-op`)
 * @throws BPB_MODEL_NOT_ONNX, BPB_MODEL_EXTERNAL_DATA, BPB_MODEL_FUNCTIONS, BPB_MODEL_OPERATOR
 */
export function checkOnnx(
  bytes: Uint8Array,
  path: string,
  allowed: ReadonlySet<string> = new Set(),
): CheckedModel {
  const model = readSummary(bytes, path);
  if (model.externalTensors.length > 0) throw externalError(model.externalTensors, path);
  const root = readModel(bytes, path);
  checkSettings(root, path);
  const depth = callDepth(model);
  if (depth > MAX_CALL_DEPTH) {
    throw inputError('BPB_MODEL_FUNCTIONS', {
      message: 'the model’s local functions call each other too deeply',
      path,
      expected: `at most ${MAX_CALL_DEPTH} levels`,
      actual:
        depth === Number.POSITIVE_INFINITY ? 'a function that calls itself' : `${depth} levels`,
      hint: 'inline the functions: onnx.inliner.inline_local_functions(model)',
    });
  }
  return { ...model, allowedOperators: [...checkOperators(root, path, allowed)] };
}

function externalError(tensors: OnnxSummary['externalTensors'], path: string): BpbError {
  const hidden = tensors.filter((tensor) => !tensor.isInitializer);
  const [first] = hidden.length > 0 ? hidden : tensors;
  return inputError('BPB_MODEL_EXTERNAL_DATA', {
    message: 'the model keeps weights in other files',
    path,
    expected:
      'all tensors inside the .onnx, apart from initializers of its graph and of subgraphs of its nodes',
    actual: `${tensors.length} external tensors, the first \`${first!.name}\`, ${first!.path}`,
    hint:
      hidden.length === 0
        ? 'save it again with onnx.save_model(model, path, save_as_external_data=False)'
        : 'store the values inside, as onnx.numpy_helper.from_array(values) writes them, or make the tensor an initializer of the graph',
  });
}

/** ONNX Runtime takes session settings from a model where its environment says so. */
function checkSettings(model: Message, path: string): void {
  const keys = model.children(MODEL.metadata_props).map((entry) => entry.string(ENTRY.key));
  if (!keys.includes(SETTINGS)) return;
  throw inputError('BPB_MODEL_OPERATOR', {
    message: 'the model carries settings of the session that runs it',
    path,
    expected: `no \`${SETTINGS}\` in metadata_props`,
    actual: `\`${SETTINGS}\``,
    hint: 'remove it: delete the entry of model.metadata_props and save the model again',
  });
}

/** A function on the chain of calls that is followed. */
interface Frame {
  readonly id: string;
  readonly callees: readonly string[];
  /** Index in `callees` of the next to be followed. */
  next: number;
  /** Longest chain below it, as far as it is known. */
  below: number;
}

/** Longest chain of function calls; infinite for a cycle. Iterative: the chain may be long. */
function callDepth({ functions }: OnnxSummary): number {
  const calls = new Map(functions.map(({ id, calls }) => [id, calls]));
  const depth = new Map<string, number>();
  const open = new Set<string>();
  const stack: Frame[] = [];
  const enter = (id: string) => {
    const callees = calls.get(id)!.filter((callee) => calls.has(callee));
    open.add(id);
    stack.push({ id, callees, next: 0, below: 0 });
  };
  let deepest = 0;
  for (const root of calls.keys()) {
    if (!depth.has(root)) enter(root);
    for (let at = stack.at(-1); at !== undefined; at = stack.at(-1)) {
      const callee = at.callees[at.next];
      if (callee === undefined) {
        depth.set(at.id, 1 + at.below);
        deepest = Math.max(deepest, 1 + at.below);
        open.delete(at.id);
        stack.pop();
      } else if (depth.has(callee)) {
        at.below = Math.max(at.below, depth.get(callee)!);
        at.next++;
      } else {
        if (open.has(callee)) return Number.POSITIVE_INFINITY;
        enter(callee);
      }
    }
  }
  return deepest;
}

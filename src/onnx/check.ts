/**
 * Checks of a model before a runtime gets it: no reference to other files, no recursion.
 */

import { type BpbError, inputError } from '../errors.js';
import { type OnnxSummary, readSummary } from './summary.js';

/** Function calls nested deeper than this are refused: ONNX Runtime expands them by recursion. */
const MAX_CALL_DEPTH = 64;

/** Operators that read files of the scorer's machine when a session is made. */
const FILE_READING = new Set(['com.microsoft:EPContext']);

/**
 * Reads a model and refuses what is no ONNX file or could reach beyond itself.
 *
 * @throws BPB_MODEL_NOT_ONNX, BPB_MODEL_EXTERNAL_DATA, BPB_MODEL_FUNCTIONS, BPB_MODEL_OPERATOR
 */
export function checkOnnx(bytes: Uint8Array, path: string): OnnxSummary {
  const model = readSummary(bytes, path);
  if (model.externalTensors.length > 0) {
    const [first] = model.externalTensors;
    throw inputError('BPB_MODEL_EXTERNAL_DATA', {
      message: 'the model keeps weights in other files',
      path,
      expected: 'all tensors inside the .onnx',
      actual: `${model.externalTensors.length} external tensors, the first \`${first}\``,
      hint: 'save it again with onnx.save_model(model, path, save_as_external_data=False)',
    });
  }
  const inFunctions = model.functions.flatMap(({ operators }) => operators);
  for (const operator of [...model.operators.keys(), ...inFunctions]) {
    if (FILE_READING.has(operator)) throw forbidden(path, operator);
  }
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
  return model;
}

function forbidden(path: string, operator: string): BpbError {
  return inputError('BPB_MODEL_OPERATOR', {
    message: `the model uses an operator that is not allowed: ${operator.split(':')[1]}`,
    path,
    expected: 'operators that compute from their inputs',
    actual: `${operator}, which reads a file`,
    hint: 'export the model without an execution provider’s context',
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

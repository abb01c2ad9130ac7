/**
 * Binding of a model's ports: from what exporters write to one graph with token ids in and logits out.
 *
 * Every other input becomes the output of nodes that depend on the shape of the token ids alone, under
 * its own name: subgraphs that capture it read on, and shapes fold away wherever the axes are fixed.
 */

import { OnnxGraph } from '../graph.js';
import type { Port } from '../port.js';
import type { OnnxSummary } from '../summary.js';
import { type FixedSizes, isOpen, type TokenAxes } from './axes.js';
import { bindAs } from './explicit.js';
import { findLogits, shapeOfLogits } from './logits.js';
import { type Binding, type Reading, recognise } from './recognise.js';
import { encoderInput, inputRefusal, misfit, unknownInput } from './refuse.js';
import { type Plan, rewrite } from './rewrite.js';
import { kindText, Rules } from './rules.js';
import { axesOf, findTokens } from './tokens.js';
import type { BindRequest, BoundInput, BoundModel } from './types.js';

/** What an encoder gives, or a table that is outside of the model. */
const ENCODED =
  /encoder|pixel_values|(image|audio|input)_(features|embeds)|inputs?_embeds?|decoder_input/i;

interface BoundPort {
  readonly port: Port;
  readonly binding: Binding;
  readonly by: BoundInput['by'];
}

/**
 * Binds every input but the token ids and those that are given, and brings the logits into the form
 * `[batch, time, vocabulary]` of fp32, fp16 or bf16. A model that has that form already is returned as
 * it is.
 *
 * @param summary of `model`
 * @throws BPB_MODEL_INPUT or BPB_MODEL_OUTPUT, naming the port and the way out; BPB_USAGE_INPUT for a
 * rule of the caller that no input has; BPB_MODEL_OPSET for a model too old to compute shapes
 */
export function bindModel(
  model: Uint8Array,
  summary: OnnxSummary,
  path: string,
  request: BindRequest,
): BoundModel {
  const { given } = request;
  const graph = OnnxGraph.parse(model, path);
  const declared = graph.ports('input').filter(({ name }) => !given.inputs.has(name));
  const required = summary.inputs.filter(({ name }) => !given.inputs.has(name));
  const rules = new Rules(request.rules, path);
  const hasRule = (name: string) => rules.of(name) !== null;
  const tokens = findTokens(required, request.tokens, hasRule, path);
  const others = declared.filter(({ name }) => name !== tokens.port.name);
  rules.checkNames(others);
  const outputs = summary.outputs.filter(({ name }) => !given.outputs.has(name));
  const logits = findLogits(outputs, request.logits, path);

  const axes = axesOf(tokens.port);
  const wanted = others.filter(
    ({ name }) => hasRule(name) || required.some((each) => each.name === name),
  );
  const besides = outputs.filter(({ name }) => name !== logits.port.name);
  const bound = bindAll(wanted, { rules, axes, graph, besides, path });
  const shape = shapeOfLogits(logits.port, axes, path);

  const fixes = merge(
    [...bound, ...(shape.kind === 'flat' && shape.oneRow ? [ONE_ROW] : [])],
    axes,
    path,
  );
  const { logitsAre } = request;
  const plan: Plan = {
    tokens: tokens.port,
    logits: logits.port,
    shape,
    fixes,
    bound,
    given,
    logitsAre,
  };
  const rewritten = rewrite(graph, model, plan, path);
  return {
    ...rewritten,
    tokensInput: tokens.port.name,
    logitsOutput: logits.port.name,
    inputs: bound.map(({ port, binding, by }) => ({ name: port.name, kind: binding.kind, by })),
    notes: [
      ...(tokens.isNamed ? [] : [`the input \`${tokens.port.name}\` was taken for the token ids`]),
      ...(logits.isNamed ? [] : [`the output \`${logits.port.name}\` was taken for the logits`]),
      ...fixNotes(fixes, shape.kind === 'flat' && shape.oneRow),
    ],
  };
}

/** Flat logits of several rows could be in either order. */
const ONE_ROW = { port: null, binding: { fixes: { batch: 1 } as FixedSizes } };

interface Around {
  readonly rules: Rules;
  readonly axes: TokenAxes;
  readonly graph: OnnxGraph;
  /** Outputs other than the logits. */
  readonly besides: readonly Port[];
  readonly path: string;
}

function bindAll(inputs: readonly Port[], around: Around): BoundPort[] {
  const { rules, axes, graph, besides, path } = around;
  const bound = new Map<Port, BoundPort>();
  const past = new Set<string>();
  const keep = (port: Port, binding: Binding, by: BoundInput['by']) => {
    bound.set(port, { port, binding, by });
    if (binding.pastAxis) past.add(binding.pastAxis);
  };
  // What a name tells first: a caller's input may have an axis along which a past is empty.
  const known = inputs.filter(({ name }) => rules.of(name) === null);
  for (const port of known) {
    const reading = ENCODED.test(port.name) ? null : recognise(port, axes, graph, besides);
    if (isBinding(reading)) keep(port, reading, 'name');
    else if (ENCODED.test(port.name)) throw encoderInput(path, port);
    else throw unknownInput(path, port, reading?.reason ?? null);
  }
  for (const port of inputs) {
    const rule = rules.of(port.name);
    if (rule === null) continue;
    const reading = bindAs(rule.kind, port, axes, past);
    if (!isBinding(reading)) throw misfit(path, port, kindText(rule.kind), rule.by, reading.reason);
    keep(port, reading, rule.by);
  }
  return inputs.map((port) => bound.get(port)!);
}

function isBinding(reading: Reading | null): reading is Binding {
  return reading !== null && 'sizes' in reading;
}

/** @throws BPB_MODEL_INPUT where two inputs fix an axis at different sizes */
function merge(
  bound: readonly {
    readonly port: Port | null;
    readonly binding: { readonly fixes: FixedSizes };
  }[],
  axes: TokenAxes,
  path: string,
): FixedSizes {
  const fixes: { batch?: number; time?: number } = {};
  for (const { port, binding } of bound) {
    for (const axis of ['batch', 'time'] as const) {
      const size = binding.fixes[axis];
      if (size === undefined) continue;
      const before = fixes[axis] ?? (isOpen(axes[axis]) ? size : axes[axis]);
      if (before !== size) {
        throw inputRefusal(
          path,
          `the inputs fix the ${axis} axis at different sizes`,
          'inputs of one batch and one time',
          `${before} and ${size} (${port?.name ?? 'flat logits'})`,
          'export the model with open batch and time axes on all inputs',
        );
      }
      fixes[axis] = size;
    }
  }
  return fixes;
}

function fixNotes({ batch, time }: FixedSizes, oneRow: boolean): string[] {
  if (oneRow)
    return ['the logits are flat: rows are run one at a time, so that their order is known'];
  const fixed = [batch && `batch ${batch}`, time && `time ${time}`].filter(Boolean).join(', ');
  return fixed === '' ? [] : [`an input beside the token ids fixes their axes: ${fixed}`];
}

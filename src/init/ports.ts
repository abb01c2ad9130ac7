/**
 * The ports of a loaded model: what the manifest says of them, and the sizes that they show.
 */
import type { Artifact } from '../artifact/load.js';
import type { PortOptions } from '../artifact/load-model.js';
import type { Dim } from '../onnx/port.js';
import type { Found } from './types.js';

interface Ports {
  /** Fields of `model` in the manifest. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly found: readonly Found[];
  /** Width of the logits; null where the graph leaves it open. */
  readonly width: number | null;
  /** Time axis of the token ids. */
  readonly time: Dim | undefined;
}

/** @param asked what the caller says of the ports; the rest the graph shows to every reader */
export function portsOf({ model }: Artifact, asked: PortOptions): Ports {
  const { graph, tokens, logits, tokensInput, logitsOutput, inputs, remarks } = model;
  const width = graph.outputs.find(({ name }) => name === logits)?.dims?.at(-1);
  const time = graph.inputs.find(({ name }) => name === tokens)?.dims?.at(-1);
  const names = `${tokensInput} → ${logitsOutput}`;
  const found: Found[] = [{ what: 'ports', value: names, how: 'of the graph' }];
  for (const { name, kind, by } of inputs) {
    const value = typeof kind === 'string' ? kind : `constant ${kind.constant}`;
    const how = by === 'name' ? 'by its name, type and shape' : 'as named';
    found.push({ what: 'input', value: `${name}: ${value}`, how });
  }
  for (const remark of remarks) found.push({ what: 'remark', value: remark, how: 'at load' });
  return {
    fields: {
      tokens: tokensInput,
      logits: logitsOutput,
      ...(asked.input === undefined ? {} : { inputs: asked.input }),
      ...(asked.logitsAre === undefined ? {} : { logitsAre: asked.logitsAre }),
    },
    found,
    width: typeof width === 'number' ? width : null,
    time,
  };
}

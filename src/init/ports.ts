/**
 * The ports of a loaded model: what the manifest says of them, and the sizes that they show.
 */
import type { Artifact } from '../artifact/load.js';
import type { Dim } from '../onnx/port.js';
import type { Found } from './types.js';

interface Ports {
  /** Fields of `model` in the manifest. */
  readonly manifest: Readonly<Record<string, unknown>>;
  readonly found: readonly Found[];
}

/** @returns the width of the logits, null where it is open, and the time axis of the token ids */
export function portsOf({ model }: Artifact): {
  readonly ports: Ports;
  readonly width: number | null;
  readonly time: Dim | undefined;
} {
  const { graph, tokens, logits } = model;
  const width = graph.outputs.find(({ name }) => name === logits)?.dims?.at(-1);
  const time = graph.inputs.find(({ name }) => name === tokens)?.dims?.at(-1);
  const found = [{ what: 'ports', value: `${tokens} → ${logits}`, how: 'the names of the graph' }];
  return {
    ports: { manifest: { tokens, logits }, found },
    width: typeof width === 'number' ? width : null,
    time,
  };
}

/** Binds the ports of a model made in a test, by names alone unless a request says more. */
import { bindModel } from '#bpb/onnx/bind/bind';
import type { BindRequest, BoundModel, InputKind } from '#bpb/onnx/bind/types';
import { readSummary } from '#bpb/onnx/summary';

const NOTHING: BindRequest = {
  tokens: undefined,
  logits: undefined,
  rules: [],
  logitsAre: 'logits',
  given: { inputs: new Set(), outputs: new Set() },
};

export function bound(model: Uint8Array, request: Partial<BindRequest> = {}): BoundModel {
  const path = 'model.onnx';
  return bindModel(model, readSummary(model, path), path, { ...NOTHING, ...request });
}

/** Rules of a caller, as `--input` gives them. */
export function asked(kinds: Readonly<Record<string, InputKind>>): Partial<BindRequest> {
  return { rules: Object.entries(kinds).map(([name, kind]) => ({ name, kind, by: 'caller' })) };
}

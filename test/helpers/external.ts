/** Models whose initializers refer to other files. */
import { readModel } from '#bpb/onnx/reader';
import { ENTRY, GRAPH, MODEL, TENSOR } from '#bpb/onnx/schema';
import { bytes, int } from '#bpb/protobuf/encode';
import type { Message } from '#bpb/protobuf/message';

/** Keys and values of `external_data`, in the order of the file. */
export type Entries = readonly (readonly [key: string, value: string])[];

export const EXTERNAL = int(TENSOR.data_location.number, 1);

export function entryFields(entries: Entries): Uint8Array[] {
  return entries.map(([key, value]) =>
    bytes(TENSOR.external_data.number, [
      bytes(ENTRY.key.number, key),
      bytes(ENTRY.value.number, value),
    ]),
  );
}

/** The model with the fields of each of its initializers replaced; null keeps one as it is. */
export function withInitializers(
  model: Uint8Array,
  change: (tensor: Message) => readonly Uint8Array[] | null,
): Uint8Array {
  const root = readModel(model, 'model.onnx');
  const written = root.rewritten(({ type, message: graph }) =>
    type !== MODEL.graph
      ? null
      : [
          bytes(
            type.number,
            graph!.rewritten((field) => {
              const fields = field.type === GRAPH.initializer ? change(field.message!) : null;
              return fields && [bytes(GRAPH.initializer.number, fields)];
            }),
          ),
        ],
  );
  return new Uint8Array(Buffer.concat(written));
}

/** Fields of a tensor without its data. */
export function emptied(tensor: Message): Uint8Array[] {
  return tensor.rewritten(({ type }) => (type === TENSOR.raw_data ? [] : null));
}

/** Fields of a tensor whose data is elsewhere. */
export function external(tensor: Message, entries: Entries): Uint8Array[] {
  return [...emptied(tensor), ...entryFields(entries), EXTERNAL];
}

/** All initializers of a model moved to one file, as exporters write it: offsets are multiples of 64. */
export function savedApart(
  model: Uint8Array,
  location: string,
): { model: Uint8Array; data: Uint8Array } {
  const parts: Uint8Array[] = [];
  let offset = 0;
  const moved = withInitializers(model, (tensor) => {
    const [raw] = tensor.byteStrings(TENSOR.raw_data);
    const padding = (64 - (offset % 64)) % 64;
    parts.push(new Uint8Array(padding), raw!);
    const at = offset + padding;
    offset = at + raw!.length;
    return external(tensor, [
      ['location', location],
      ['offset', `${at}`],
      ['length', `${raw!.length}`],
    ]);
  });
  return { model: moved, data: new Uint8Array(Buffer.concat(parts)) };
}

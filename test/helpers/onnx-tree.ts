/**
 * ONNX files at the level of protobuf: as plain objects, and with single fields changed.
 */
import { bytes } from '#bpb/protobuf/encode';
import type { Message } from '#bpb/protobuf/message';

/** Values by field name, in an order that does not depend on the order of the fields. */
export type Tree = { [field: string]: unknown };

/** Known fields only; texts and bytes in hexadecimal, numbers as doubles. */
export function treeOf(message: Message): Tree {
  const fields = [...message.type.fields.values()].filter((field) => message.count(field) > 0);
  const entries = fields.map((field): [string, unknown] => {
    const values =
      field.kind === 'message'
        ? message.children(field).map(treeOf)
        : field.packable
          ? Array.from(message.numbers(field), (value) =>
              Number.isFinite(value)
                ? value
                : String(value).replace('Infinity', 'inf').toLowerCase(),
            )
          : message.byteStrings(field).map((value) => Buffer.from(value).toString('hex'));
    return [field.name, field.repeated ? values : values[0]];
  });
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The file with the fields of one message, each with its key, replaced by others. */
export function withFields(
  root: Message,
  target: Message,
  change: (fields: Uint8Array[]) => readonly Uint8Array[],
): Uint8Array {
  const written = (message: Message): Uint8Array => {
    const fields = message.rewritten(({ number, message: inner }) =>
      inner !== null && holds(inner, target) ? [bytes(number, written(inner))] : null,
    );
    return Buffer.concat(message === target ? change(fields) : fields);
  };
  return written(root);
}

/** The file with the fields of every message in the order of their numbers. */
export function sorted(message: Message): Uint8Array {
  const fields = message.fields
    .map(({ number }, k) => ({ number, k }))
    .sort((a, b) => a.number - b.number || a.k - b.k);
  return Buffer.concat(
    fields.map(({ number, k }) => {
      const field = message.fields[k]!;
      return field.message === null ? message.raw(field) : bytes(number, sorted(field.message));
    }),
  );
}

function holds(message: Message, target: Message): boolean {
  for (let at: Message | null = target; at !== null; at = at.holder)
    if (at === message) return true;
  return false;
}

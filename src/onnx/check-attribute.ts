/**
 * Checks of a node's attributes: one value each, in the field that its type names.
 */
import type { Message } from '../protobuf/message.js';
import type { FieldType } from '../protobuf/schema.js';
import { ambiguous } from './ambiguous.js';
import { ATTRIBUTE, ATTRIBUTE_TYPE } from './schema.js';

const VALUES = Object.entries(ATTRIBUTE_TYPE).map(([name, type]) => ({
  field: ATTRIBUTE[name as keyof typeof ATTRIBUTE_TYPE],
  type,
}));

/** @throws BPB_MODEL_NOT_ONNX for a value in the field of another type, which readers may prefer */
export function checkAttribute(attribute: Message): void {
  const type = attribute.number(ATTRIBUTE.type);
  const refers = attribute.string(ATTRIBUTE.ref_attr_name) !== '';
  for (const { field, type: own } of VALUES) {
    if (!attribute.has(field) || (field.repeated && attribute.count(field) === 0)) continue;
    if (own === type && !refers) continue;
    const name = `the attribute \`${attribute.string(ATTRIBUTE.name)}\``;
    const other = refers ? 'a reference to a function’s attribute' : `type ${type}`;
    throw ambiguous(attribute, `${name} with ${other} and a value in \`${field.name}\``);
  }
}

/** @throws BPB_MODEL_NOT_ONNX for two attributes of one name */
export function checkAttributeNames(holder: Message, field: FieldType): void {
  const seen = new Set<string>();
  for (const attribute of holder.children(field)) {
    const name = attribute.string(ATTRIBUTE.name);
    if (seen.has(name)) throw ambiguous(attribute, `a second attribute \`${name}\``);
    seen.add(name);
  }
}

/**
 * Checks of a node's attributes: one value each, in the field that its type names.
 */
import type { Message } from '../protobuf/message.js';
import type { FieldType } from '../protobuf/schema.js';
import { ambiguous } from './ambiguous.js';
import { domainOf } from './check-names.js';
import { ATTRIBUTE, ATTRIBUTE_TYPE, NODE, SCHEMA } from './schema.js';

/** The fields of values, with the attribute's type that names each. */
const VALUES: ReadonlyMap<FieldType | null, number> = new Map(
  Object.entries(ATTRIBUTE_TYPE).map(([name, type]) => [
    ATTRIBUTE[name as keyof typeof ATTRIBUTE_TYPE],
    type,
  ]),
);

/** @throws BPB_MODEL_NOT_ONNX for a value where the runtime may not look, or none where it does */
export function checkAttribute(attribute: Message): void {
  const type = attribute.number(ATTRIBUTE.type);
  const refers = attribute.string(ATTRIBUTE.ref_attr_name) !== '';
  if (refers && !isInFunction(attribute)) {
    const name = attribute.string(ATTRIBUTE.name);
    throw ambiguous(attribute, `a reference outside of a function, the attribute \`${name}\`,`);
  }
  for (const { type: field } of attribute.fields) {
    const own = VALUES.get(field);
    if (field === null || own === undefined || (own === type && !refers)) continue;
    if (field.repeated && attribute.count(field) === 0) continue;
    const name = `the attribute \`${attribute.string(ATTRIBUTE.name)}\``;
    const other = refers ? 'a reference to a function’s attribute' : `type ${type}`;
    throw ambiguous(attribute, `${name} with ${other} and a value in \`${field.name}\``);
  }
}

function isInFunction(message: Message): boolean {
  for (let at = message.holder; at !== null; at = at.holder) {
    if (at.type === SCHEMA.get('FunctionProto')) return true;
  }
  return false;
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

/** @throws BPB_MODEL_NOT_ONNX for a Constant with two values: the runtime takes the first */
export function checkConstant(node: Message): void {
  if (node.string(NODE.op_type) !== 'Constant' || domainOf(node, NODE.domain) !== '') return;
  const names = node.children(NODE.attribute).map((each) => each.string(ATTRIBUTE.name));
  if (names.length > 1) throw ambiguous(node, `a Constant with \`${names.join('` and `')}\``);
}

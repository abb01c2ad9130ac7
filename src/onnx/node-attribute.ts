/**
 * A node's attributes as a message gives them; in a function some are those of its caller.
 */
import type { Message } from '../protobuf/message.js';
import { ATTRIBUTE, FUNCTION, NODE } from './schema.js';

/** Attributes that a function was called with, by name; none outside of functions. */
export type Given = ReadonlyMap<string, Message>;

/** The attribute, or the caller's that it refers to. */
export function attributeOf(node: Message, name: string, given: Given): Message | undefined {
  const own = node.children(NODE.attribute).find((each) => each.string(ATTRIBUTE.name) === name);
  const refers = own?.string(ATTRIBUTE.ref_attr_name) ?? '';
  return refers === '' ? own : given.get(refers);
}

/** What a call of a function gives to its body, defaults included. */
export function givenBy(call: Message, body: Message, given: Given): Given {
  const all = new Map<string, Message>();
  for (const each of body.children(FUNCTION.attribute_proto)) {
    all.set(each.string(ATTRIBUTE.name), each);
  }
  for (const each of call.children(NODE.attribute)) {
    const name = each.string(ATTRIBUTE.name);
    const value = attributeOf(call, name, given);
    if (value !== undefined) all.set(name, value);
  }
  return all;
}

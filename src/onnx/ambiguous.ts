/**
 * The refusal of a file that two readers may read as two models.
 */
import type { BpbError } from '../errors.js';
import type { Message } from '../protobuf/message.js';

/** @param problem says what stands there, such as "a second initializer `w`" */
export function ambiguous(message: Message, problem: string): BpbError {
  return message.refuse(
    problem,
    'Readers differ in what they make of this, so what is checked might not be what is scored: export the model again.',
  );
}

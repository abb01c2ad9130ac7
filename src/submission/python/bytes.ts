/**
 * Bytes of the interpreted script, which know what of the token stream they hold.
 */
import { PyObject } from './values.js';

/**
 * `bytes`, or the contents of a file that was read.
 *
 * @param tags by byte, the stream position that the byte belongs to (-1: none); null where none does.
 *   An array made of the bytes gives each element the tag of its first byte.
 */
export class PyBytes extends PyObject {
  readonly typeName: string = 'bytes';
  constructor(
    readonly data: Uint8Array,
    readonly tags: Int32Array | null = null,
  ) {
    super();
  }
  override truth(): boolean {
    return this.data.length > 0;
  }
  override length(): number {
    return this.data.length;
  }
}

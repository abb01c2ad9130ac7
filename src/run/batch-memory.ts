/**
 * Reusable memory for the arrays of a batch: new pages from the system cost more than
 * writing into them.
 */
export class BatchMemory {
  #ids = new Int32Array(0);
  #scored = new Uint32Array(0);
  #targets = new Int32Array(0);
  #changed = new Int32Array(0);

  /** An array of `length` with the values of an earlier batch; the same holds for the others. */
  ids(length: number): Int32Array {
    if (length > this.#ids.length) this.#ids = new Int32Array(length);
    return this.#ids.subarray(0, length);
  }

  scored(length: number): Uint32Array {
    if (length > this.#scored.length) this.#scored = new Uint32Array(length);
    return this.#scored.subarray(0, length);
  }

  targets(length: number): Int32Array {
    if (length > this.#targets.length) this.#targets = new Int32Array(length);
    return this.#targets.subarray(0, length);
  }

  /** Ids of a second batch, of the same rows. */
  changedIds(length: number): Int32Array {
    if (length > this.#changed.length) this.#changed = new Int32Array(length);
    return this.#changed.subarray(0, length);
  }
}

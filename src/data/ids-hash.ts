/**
 * Hash of the ids of a document, taken one after the other.
 */

/** Two independent multiplicative hashes of 32 bits each, and the number of ids. */
export class IdsHash {
  private a = 0x811c9dc5;
  private b = 0x9e3779b9;
  length = 0;

  add(id: number): void {
    this.a = Math.imul(this.a ^ id, 0x01000193);
    this.b = Math.imul(this.b ^ (id + 0x7ed55d16), 0x85ebca6b);
    this.b ^= this.b >>> 13;
    this.length++;
  }

  /** The hash so far, and starts anew. */
  take(): string {
    const key = `${this.a >>> 0}:${this.b >>> 0}:${this.length}`;
    this.a = 0x811c9dc5;
    this.b = 0x9e3779b9;
    this.length = 0;
    return key;
  }
}

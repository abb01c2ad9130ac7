/**
 * Growing typed arrays: columns of a table whose length is not known beforehand.
 */
type Column = Float64Array | BigInt64Array;

export class Growing<T extends Column> {
  private data: T;
  length = 0;

  constructor(private readonly type: new (length: number) => T) {
    this.data = new type(1024);
  }

  push(value: T[number]): void {
    if (this.length === this.data.length) {
      const larger = new this.type(2 * this.length);
      larger.set(this.data as never);
      this.data = larger;
    }
    this.data[this.length++] = value;
  }

  /** What was pushed, without a copy. */
  values(): T {
    return this.data.subarray(0, this.length) as T;
  }
}

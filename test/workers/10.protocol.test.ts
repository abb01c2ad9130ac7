/** Errors across a thread boundary: every field arrives, in both directions. */
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BpbError, type ErrorKind, EXIT_CODES } from '#bpb/errors';
import { type CarriedError, packError, unpackError } from '#bpb/workers/carried-error';
import { replyOf, resultOf, WithTransfer, withoutTransfer } from '#bpb/workers/protocol';

/** Sends a value through a message port, as threads do. */
function across<T>(value: T): T {
  const { port1, port2 } = new MessageChannel();
  port1.postMessage(value);
  const { message } = receiveMessageOnPort(port2) as { message: T };
  port1.close();
  return message;
}

const carried = (error: unknown): Error => unpackError(across(packError(error)));

test('a BpbError keeps all its fields', () => {
  const text = fc.option(fc.string(), { nil: undefined });
  const details = fc.record({
    kind: fc.constantFrom(...(Object.keys(EXIT_CODES) as ErrorKind[])),
    code: fc.string().map((rest) => `BPB_${rest}` as const),
    message: fc.string(),
    path: text,
    expected: text,
    actual: text,
    hint: text,
  });
  fc.assert(
    fc.property(details, (given) => {
      const error = carried(new BpbError(given));
      expect(error).toBeInstanceOf(BpbError);
      expect((error as BpbError).toJSON()).toEqual(given);
      expect((error as BpbError).exitCode).toBe(EXIT_CODES[given.kind]);
    }),
  );
});

test('the fields of a subclass, its name and its stack arrive too', () => {
  class RowError extends BpbError {
    override readonly name = 'RowError';
    constructor(
      readonly row: number,
      readonly offset: bigint,
    ) {
      super({ kind: 'input', code: 'BPB_ROW', message: 'a row', cause: new Error('below') });
    }
  }
  const thrown = new RowError(3, 41n);
  const error = carried(thrown);
  expect(error).toBeInstanceOf(BpbError);
  expect(error).toMatchObject({ row: 3, offset: 41n, name: 'RowError', code: 'BPB_ROW' });
  expect(error.stack).toBe(thrown.stack);
  expect((error.cause as Error).message).toBe('below');
});

test('any other error keeps its name, message, stack, code and cause', () => {
  const cause = Object.assign(new RangeError('below'), { code: 'E_BELOW' });
  const thrown = Object.assign(new TypeError('above', { cause }), { syscall: 'open', at: 7n });
  const error = carried(thrown);
  expect(error).not.toBeInstanceOf(BpbError);
  expect([error.name, error.message, error.stack]).toEqual(['TypeError', 'above', thrown.stack]);
  expect(error).toMatchObject({ syscall: 'open', at: 7n });
  expect(error.cause).toMatchObject({ name: 'RangeError', message: 'below', code: 'E_BELOW' });
});

test('what cannot be cloned is left out, and a cycle of causes ends', () => {
  const thrown = Object.assign(new Error('round'), { callback: () => {}, kept: [1] });
  thrown.cause = thrown;
  const packed = packError(thrown);
  expect(packed.fields).toEqual({ kept: [1] });
  let depth = 0;
  for (let at: CarriedError | undefined = packed; at !== undefined; at = at.cause) depth++;
  expect(depth).toBe(9);
  expect(carried(thrown)).toMatchObject({ message: 'round', kept: [1] });
});

test('a thrown value that is no error arrives as an error of that text', () => {
  expect(carried('only a text').message).toBe('only a text');
  expect(carried(undefined).message).toBe('undefined');
});

test('a reply is the value, or throws what the work threw', async () => {
  expect(resultOf(across(await replyOf(async () => [1, undefined])))).toEqual([1, undefined]);
  const thrown = new BpbError({ kind: 'usage', code: 'BPB_USAGE', message: 'no' });
  const reply = across(await replyOf(() => Promise.reject(thrown)));
  expect(() => resultOf(reply)).toThrow(thrown);
});

test('a caller in the same thread gets the result without its transfer list', () => {
  const nats = new Float32Array(3);
  expect(withoutTransfer(new WithTransfer(nats, [nats.buffer]))).toBe(nats);
  expect(withoutTransfer(nats)).toBe(nats);
});

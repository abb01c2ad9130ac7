/**
 * Worker side of a pool: opens the service of the worker module and answers messages with it.
 */
import { workerData } from 'node:worker_threads';
import {
  type Message,
  type OpenService,
  replyOf,
  type ThreadData,
  type ThreadReply,
  WithTransfer,
} from './protocol.js';

type Opened = ReturnType<OpenService>;

const { module, setup, closing } = workerData as ThreadData;
let service: Opened | undefined;

async function openService(): Opened {
  const { default: open } = (await import(module)) as { default: OpenService };
  return open(setup);
}

/** The reply to a message, as piscina sends it: marked where it has buffers to transfer. */
export async function answer(message: Exclude<Message, { kind: 'ping' }>): Promise<unknown> {
  if (Atomics.load(closing, 0) === 1) return { closed: true } satisfies ThreadReply<unknown>;
  const reply = await replyOf(async () => {
    service ??= openService();
    const { opened, handle } = await service;
    return message.kind === 'open' ? opened : handle(message.task);
  });
  if (!('value' in reply && reply.value instanceof WithTransfer)) return reply;
  const { result, buffers } = reply.value;
  const piscina = await import('piscina');
  // Piscina removes the marks on the way.
  return piscina.Piscina.move({
    [piscina.transferableSymbol]: buffers,
    [piscina.valueSymbol]: { value: result },
  });
}

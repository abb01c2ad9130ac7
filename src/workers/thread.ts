/**
 * Worker side of a pool: opens the service of the worker module and answers messages with it.
 */
import { workerData } from 'node:worker_threads';
import { Piscina, transferableSymbol, valueSymbol } from 'piscina';
import {
  type Message,
  type OpenService,
  replyOf,
  type ThreadData,
  type ThreadReply,
  WithTransfer,
} from './protocol.js';
import { isClosing, whileOpening } from './thread-state.js';

type Opened = Awaited<ReturnType<OpenService>>;

const { module, setup, state } = workerData as ThreadData;
let service: Promise<Opened | null> | undefined;

function openService(): Promise<Opened | null> {
  return whileOpening(state, async () => {
    const { default: open } = (await import(module)) as { default: OpenService };
    return open(setup);
  });
}

/** The reply to a message, as piscina sends it: marked where it has buffers to transfer. */
export async function answer(message: Exclude<Message, { kind: 'ping' }>): Promise<unknown> {
  const closed: ThreadReply<unknown> = { closed: true };
  if (isClosing(state)) return closed;
  service ??= openService();
  const reply = await replyOf(async () => {
    const opened = await service;
    if (opened == null) return closed;
    return message.kind === 'open' ? opened.opened : opened.handle(message.task);
  });
  if (!('value' in reply)) return reply;
  if (reply.value === closed) return closed;
  if (!(reply.value instanceof WithTransfer)) return reply;
  const { result, buffers } = reply.value;
  // Piscina removes the marks on the way.
  return Piscina.move({ [transferableSymbol]: buffers, [valueSymbol]: { value: result } });
}

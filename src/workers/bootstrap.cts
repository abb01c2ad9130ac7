/**
 * Entry file of a worker thread: answers pings, passes every other message to `thread.ts`.
 *
 * CommonJS on purpose. Piscina loads its file with `require`, and a thread that is terminated while
 * `require` instantiates an ES module aborts the whole process (Node 20: a failed check in
 * ModuleWrap::InstantiateSync or CreateRequiredModuleFacade). With `import()` there is no such check.
 */
import type { Message } from './protocol.js' with { 'resolution-mode': 'import' };

async function receive(message: Message): Promise<unknown> {
  if (message.kind === 'ping') return null;
  const { answer } = await import('./thread.js');
  return answer(message);
}

export = receive;

/** SIGTERM and SIGINT end every command with the exit code of the signal. */
import { describe, expect, test } from 'vitest';
import { bpbIn, preload } from '../helpers/command.js';
import { temporaryFolder } from '../helpers/folder.js';

/** Sends the signal to the process itself, at the moment when it takes the signal over. */
const sender = (signal: string) =>
  preload(`const { on } = process;
    process.on = function (event, ...rest) {
      const result = on.call(this, event, ...rest);
      if (event === '${signal}') process.kill(process.pid, '${signal}');
      return result;
    };`);

const COMMANDS: readonly (readonly [string, () => string[]])[] = [
  ['score', () => ['score', 'sotu-recurrent']],
  ['score of a ledger', () => ['score', '--ledger', 'a', '--targets', 'b']],
  ['probe', () => ['probe', 'sotu-recurrent']],
  ['audit', () => ['audit', 'byte260', '--docs', 'sotu-val']],
  [
    'tokenize',
    () => ['tokenize', '--docs', 'sotu-val', '--tokenizer', 'byte260', '--out', temporaryFolder()],
  ],
  ['claim', () => ['claim', '--val-loss', '2.07234577', '--val-bpb', '1.22735990']],
  ['doctor', () => ['doctor']],
];

describe.each([
  ['SIGTERM', 143],
  ['SIGINT', 130],
] as const)('%s: exit %i', (signal, exit) => {
  test.each(COMMANDS)('%s', async (_, line) => {
    const { code, stdout } = await bpbIn(sender(signal), line());
    expect({ code, stdout }).toEqual({ code: exit, stdout: '' });
  });
});

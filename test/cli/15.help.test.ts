/** The help of every command: headings, defaults, 80 columns. */
import { beforeAll, describe, expect, test } from 'vitest';
import { bpb } from '../helpers/command.js';

/** What an option of these kinds names is the user's own, and nothing stands in its place. */
const WITHOUT_DEFAULT = new Set([
  '--artifact',
  '--targets',
  '--docs',
  '--data',
  '--train-data',
  '--ledger',
  '--lut',
  '--source',
  '--bytes-per-token',
  '--out',
  '--tokenizer',
  '--val-loss',
  '--val-bpb',
  '--tokens',
  '--input',
]);

/** The options of a help text: heading, flag, and text with its continuation lines joined. */
function optionsOf(help: string): { heading: string; flag: string; text: string }[] {
  const options: { heading: string; flag: string; text: string }[] = [];
  let heading = '';
  for (const line of help.slice(0, help.indexOf('\nExamples:')).split('\n')) {
    const head = /^(\S.*):$/.exec(line);
    const option = /^ {2}(?:-\w, )?(--[\w-]+)(.*)$/.exec(line);
    if (head !== null) heading = head[1]!;
    else if (option !== null) options.push({ heading, flag: option[1]!, text: option[2]! });
    else if (/^ {4}/.test(line) && options.length > 0) options.at(-1)!.text += ` ${line.trim()}`;
  }
  return options;
}

const COMMANDS = /^ {2}(\w+) \[options\]/gm;

describe('--help', async () => {
  const { stdout } = await bpb('--help');
  const names = [...stdout.matchAll(COMMANDS)].map(([, name]) => name!);

  test('of the program names the commands', () => {
    expect(names).toEqual(expect.arrayContaining(['score', 'audit', 'claim', 'probe', 'doctor']));
  });

  describe.each(names)('of %s', (name) => {
    let help = '';
    beforeAll(async () => {
      help = (await bpb(name, '--help')).stdout;
    });

    test('fits 80 columns', () => {
      expect(help.split('\n').filter((line) => [...line].length > 80)).toEqual([]);
    });

    test('has every option under a heading of its kind', () => {
      const options = optionsOf(help);
      expect(options.map(({ flag }) => flag)).toContain('--json');
      expect(options.filter(({ heading }) => heading === 'Options')).toEqual([]);
      expect(options.find(({ flag }) => flag === '--json')!.heading).toBe('Report');
    });

    test('states the default of every option that takes a value', () => {
      const silent = optionsOf(help).filter(
        ({ flag, text }) =>
          /^ [<[]/.test(text) && !/default: |\(required\)/.test(text) && !WITHOUT_DEFAULT.has(flag),
      );
      expect(silent).toEqual([]);
    });

    test('has examples, which a shell reads as one command each', () => {
      const examples = help
        .slice(help.indexOf('\nExamples:\n') + 11)
        .replaceAll('\\\n', '')
        .trimEnd();
      for (const line of examples.split('\n')) expect(line).toMatch(/^ {2}\$ bpb /);
    });
  });
});

describe('what is missing is named at once', () => {
  test.each([
    [['tokenize'], '--docs, --tokenizer, --out', /lacks --docs, --tokenizer, --out/],
    [['tokenize', '--docs', 'x'], '--tokenizer, --out', /lacks --tokenizer, --out/],
    [['claim', '--val-loss', '2'], '--val-loss, --val-bpb', /found --val-loss alone/],
    [['claim', '--val-bpb', '1'], '--val-loss, --val-bpb', /found --val-bpb alone/],
    [['claim'], '--val-loss, --val-bpb', /found neither/],
  ])('%j', async (args, path, message) => {
    const { code, stderr } = await bpb(...args);
    expect(code).toBe(2);
    expect(stderr).toContain(`error ${path}: `);
    expect(stderr).toMatch(message);
  });
});

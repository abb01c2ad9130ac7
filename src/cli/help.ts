/**
 * The help of the commands: headings of the options, their choices and defaults, examples in 80 columns.
 */
import { type Command, type Help, Option } from 'commander';

/** Headings, in the order in which a command declares its options. */
export const GROUPS = {
  model: 'Model:',
  data: 'Data:',
  windows: 'Windows:',
  engine: 'Engine:',
  checks: 'Checks:',
  files: 'Files written:',
  report: 'Report:',
} as const;

const COLUMNS = 80;

interface FlagDetails<T> {
  /** Parses a value; called with what was parsed before where the flag is repeated. */
  readonly parse?: ((text: string, before: T | undefined) => T) | undefined;
  readonly choices?: readonly string[] | undefined;
  /**
   * The default as the help states it. It is applied where the option is used, so that a flag that is
   * not given stays undefined.
   */
  readonly default?: string | undefined;
}

/** An option with its help, for `command.addOption`; every option that has a default states it. */
export function flag<T>(flags: string, help: string, details: FlagDetails<T> = {}): Option {
  const option = new Option(flags, help);
  if (details.parse !== undefined) option.argParser<T | undefined>(details.parse);
  if (details.choices !== undefined) option.choices(details.choices);
  return option.default(undefined, details.default);
}

/** Sets the layout of a command's help, and appends `examples`: command lines without a prompt. */
export function layHelp(command: Command, examples: readonly string[]): Command {
  return command
    .optionsGroup(GROUPS.report)
    .helpOption('-h, --help', 'this text')
    .configureHelp({ optionDescription: describe })
    .addHelpText('after', ['\nExamples:', ...examples.map(exampleLines)].join('\n'));
}

/** `help (one | two; default: one)`. */
const describe: Help['optionDescription'] = (option) => {
  const { description, argChoices, defaultValueDescription } = option;
  const facts: string[] = [];
  if (argChoices !== undefined) facts.push(argChoices.join(' | '));
  if (defaultValueDescription !== undefined) facts.push(`default: ${defaultValueDescription}`);
  return facts.length === 0 ? description : `${description} (${facts.join('; ')})`;
};

/** One command line, continued before a flag where it is longer than a line of the terminal. */
function exampleLines(line: string): string {
  const lines: string[] = [];
  let current = '  $';
  for (const part of line.split(/ (?=--)/)) {
    // Two columns are left for the mark of the continuation.
    if (current.trim() !== '$' && current.length + 1 + part.length > COLUMNS - 2) {
      lines.push(`${current} \\`);
      current = '     ';
    }
    current += ` ${part}`;
  }
  return [...lines, current].join('\n');
}

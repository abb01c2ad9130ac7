/**
 * The program around the commands: help, version, and the errors of the command line itself.
 */
import { Command, CommanderError } from 'commander';
import { asBpbError, type BpbError, EXIT_CODES, usageError } from '../errors.js';
import { jsonReporter } from '../report/json.js';
import { textReporter } from '../report/text.js';
import { harnessVersion } from '../version.js';
import { handleStreamErrors, writeStdout } from './output.js';
import { asksForJson, reportError } from './reports.js';

const EXIT_TABLE = `
Exit codes: 0 done and good · 1 a check failed · 2 wrong usage ·
3 an input was refused · 4 the environment lacks something, or the result cannot
be written · 5 a limit was hit · 70 a bug of ours · 130 interrupted ·
143 terminated`;

/** Parses the command line, runs one command, and sets the exit code. */
export async function runProgram(commands: readonly Command[]): Promise<void> {
  handleStreamErrors();
  process.on('uncaughtException', (thrown) => {
    const error = asBpbError(thrown);
    void failed(error).finally(() => process.exit(error.exitCode));
  });
  // Help and version are written like a result, so that a full disk is noticed.
  let stdout = '';
  const program = new Command('bpb')
    .description('Scores exported language models in bits per byte: exact, explained, or refused.')
    .version(harnessVersion())
    .addHelpText('after', EXIT_TABLE);
  for (const command of commands) program.addCommand(command);
  for (const command of [program, ...commands]) {
    command.exitOverride().configureOutput({
      writeOut: (text) => {
        stdout += text;
      },
    });
  }
  try {
    await program.parseAsync();
  } catch (thrown) {
    process.exitCode = await parsed(thrown, stdout);
  }
}

/** What commander throws instead of running a command: help and version too. */
async function parsed(thrown: unknown, stdout: string): Promise<number> {
  try {
    if (!(thrown instanceof CommanderError)) throw thrown;
    if (thrown.exitCode === 0) {
      await writeStdout(stdout);
      return 0;
    }
    // Commander has written the message, or for a bare `bpb` the help, to stderr.
    if (asksForJson(process.argv.slice(2))) {
      const message = thrown.message.replace(/^error: /, '');
      await reportError(usageError('BPB_USAGE', { message }), jsonReporter);
    }
    return EXIT_CODES.usage;
  } catch (error) {
    const known = asBpbError(error);
    await failed(known);
    return known.exitCode;
  }
}

function failed(error: BpbError): Promise<void> {
  return reportError(error, asksForJson(process.argv.slice(2)) ? jsonReporter : textReporter);
}

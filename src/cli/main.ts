#!/usr/bin/env node
/**
 * The command `bpb`: parses the line, runs one command, turns what it throws into an exit code.
 */
import { Command, CommanderError } from 'commander';
import { EXIT_CODES } from '../errors.js';
import { asBpbError, errorJson, errorLines } from '../report/error.js';
import { harnessVersion } from '../version.js';
import { auditCommand } from './audit.js';
import { claimCommand } from './claim.js';
import { doctorCommand } from './doctor.js';
import { probeCommand } from './probe.js';
import { scoreCommand } from './score.js';
import { tokenizeCommand } from './tokenize.js';

const EXIT_TABLE = `
Exit codes: 0 done and good · 1 a check failed · 2 wrong usage · 3 an input was refused ·
4 the environment lacks something · 5 a limit was hit · 70 a bug of ours · 130 interrupted`;

const program = new Command('bpb')
  .description('Scores exported language models in bits per byte: exact, explained, or refused.')
  .version(harnessVersion())
  .addCommand(scoreCommand())
  .addCommand(auditCommand())
  .addCommand(claimCommand())
  .addCommand(probeCommand())
  .addCommand(tokenizeCommand())
  .addCommand(doctorCommand())
  .addHelpText('after', EXIT_TABLE);

for (const command of [program, ...program.commands]) {
  command.exitOverride().configureOutput({ outputError: (text, write) => write(text) });
}

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

function report(error: unknown): number {
  if (error instanceof CommanderError) {
    // Commander has printed what is wrong, the flag named; help and version are no errors.
    const wanted = error.exitCode === 0 || error.code === 'commander.help';
    if (!wanted && process.argv.includes('--json')) {
      const { message } = error;
      const usage = { kind: 'usage', code: 'BPB_USAGE', message: message.replace(/^error: /, '') };
      console.log(
        JSON.stringify({ schema: 'bpb-error/1', error: { ...usage, exit: EXIT_CODES.usage } }),
      );
    }
    return wanted ? 0 : EXIT_CODES.usage;
  }
  const known = asBpbError(error);
  if (process.argv.includes('--json')) console.log(errorJson(known));
  else console.error(errorLines(known));
  return known.exitCode;
}

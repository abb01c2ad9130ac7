/**
 * `defineCommand`: what all commands share. Options of the report, progress, signals, exit code,
 * errors.
 */
import { Command } from 'commander';
import { asBpbError, type BpbError, EXIT_CODES } from '../errors.js';
import type { Progress } from '../progress.js';
import { jsonReporter } from '../report/json.js';
import { ProgressReporter } from '../report/progress.js';
import type { Report } from '../report/reporter.js';
import { REPORTERS } from '../report/reporters.js';
import { textReporter } from '../report/text.js';
import { flag, GROUPS, layHelp } from './help.js';
import { handleSignals, hearingSignals, interruptSignal, withSignal } from './interrupt.js';
import { type ReportFlags, Reports, reportError, reportTarget } from './reports.js';

/** What a command's function is called with. */
interface Call<Flags> {
  readonly flags: Flags;
  /** Names of the flags on the command line, as `flags` has them; defaults are not among them. */
  readonly given: readonly string[];
  /** The command line, as results record it. */
  readonly command: string;
  /** Absent with `--quiet`; spread it into the options of the function that runs. */
  readonly progress: { onProgress?: (progress: Progress) => void };
  /** Aborted by SIGINT and SIGTERM: only for a run that ends then. Without it they end the process. */
  signal(): AbortSignal;
}

/** A result document, and whether it is good: `ok` false makes the exit code 1, or `exit`. */
type Outcome = Report & { readonly ok: boolean; readonly exit?: number };

interface CommandDefinition<Flags, Args extends readonly unknown[]> {
  readonly name: string;
  readonly description: string;
  /** Command lines, each without its prompt. */
  readonly examples: readonly string[];
  /** Adds the arguments and options of this command alone. */
  readonly options: (command: Command) => Command;
  readonly run: (call: Call<Flags>, ...args: Args) => Outcome | Promise<Outcome>;
}

interface CommonFlags extends ReportFlags {
  quiet?: boolean;
}

export function defineCommand<Flags, Args extends readonly unknown[] = []>(
  definition: CommandDefinition<Flags, Args>,
): Command {
  const { name, description, examples, options, run } = definition;
  const names = REPORTERS.map((reporter) => reporter.name).join(', ');
  const command = options(new Command(name).description(description))
    .optionsGroup(GROUPS.report)
    .addOption(
      flag('--report <name[=file]>', `${names}: on stdout or in a file; repeatable`, {
        parse: reportTarget,
        default: textReporter.name,
      }),
    )
    .option('--json', 'one JSON document on stdout: --report json')
    .option('--quiet', 'no progress');
  layHelp(command, examples);
  return command.action(async () => {
    const { json, report, quiet, ...flags } = command.opts<CommonFlags>();
    const given = Object.keys(flags).filter((flag) => command.getOptionValueSource(flag) === 'cli');
    const progress = new ProgressReporter();
    handleSignals();
    const call: Call<Flags> = {
      flags: flags as Flags,
      given,
      command: ['bpb', ...process.argv.slice(2)].join(' '),
      progress: quiet ? {} : { onProgress: progress.update },
      signal: interruptSignal,
    };
    process.exitCode = await ending({ json, report } as ReportFlags, progress, () =>
      run(call, ...(command.processedArgs as unknown as Args)),
    );
  });
}

/** Runs a command, reports its result or its error, and returns the exit code. */
async function ending(
  flags: ReportFlags,
  progress: ProgressReporter,
  run: () => Outcome | Promise<Outcome>,
): Promise<number> {
  let reports: Reports | null = null;
  try {
    reports = new Reports(flags);
    reports.openFiles(flags);
    const { ok, exit, ...report } = await hearingSignals(run);
    progress.done();
    await reports.result(report);
    return ok ? 0 : (exit ?? EXIT_CODES.failed);
  } catch (thrown) {
    progress.done();
    const error: BpbError = withSignal(asBpbError(thrown));
    if (reports === null) await reportError(error, flags.json ? jsonReporter : textReporter);
    else await reports.error(error);
    return error.exitCode;
  }
}

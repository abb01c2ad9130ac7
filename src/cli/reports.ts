/**
 * `--json` and `--report NAME[=FILE]`: which reporters a command writes with, and where to.
 */
import { InvalidArgumentError } from 'commander';
import { type BpbError, usageError } from '../errors.js';
import { jsonReporter } from '../report/json.js';
import { type Report, type Reporter, render } from '../report/reporter.js';
import { REPORTERS } from '../report/reporters.js';
import { textReporter } from '../report/text.js';
import { ReportFile, stdoutFile, writeStderr, writeStdout } from './output.js';

/** A reporter and its file; null for stdout. */
interface ReportTarget {
  readonly reporter: Reporter;
  readonly file: string | null;
}

export interface ReportFlags {
  json?: boolean;
  report?: readonly ReportTarget[];
}

/** Parses one `--report`; the flag may be repeated. */
export function reportTarget(
  text: string,
  before: readonly ReportTarget[] = [],
): readonly ReportTarget[] {
  const [, name, file] = /^([^=]*)(?:=(.*))?$/s.exec(text)!;
  const reporter = REPORTERS.find((each) => each.name === name);
  if (reporter === undefined || file === '') {
    const names = REPORTERS.map((each) => each.name).join(', ');
    throw new InvalidArgumentError(`expected one of ${names}, alone or with =FILE.`);
  }
  return [...before, { reporter, file: file ?? null }];
}

/** Whether an error found while the line was parsed is reported as JSON. */
export function asksForJson(line: readonly string[]): boolean {
  const end = line.indexOf('--');
  const flags = end < 0 ? line : line.slice(0, end);
  return flags.some(
    (flag, k) =>
      flag === '--json' ||
      flag === `--report=${jsonReporter.name}` ||
      (flag === '--report' && flags[k + 1] === jsonReporter.name),
  );
}

/** Where a command's report goes: stdout in one format, and any number of files. */
export class Reports {
  private readonly stdout: Reporter;
  private readonly files: { readonly reporter: Reporter; readonly file: ReportFile }[] = [];
  private stdoutUsed = false;

  /** @throws BPB_USAGE_REPORT for two formats on stdout */
  constructor({ json, report = [] }: ReportFlags) {
    const named = report.filter(({ file }) => file === null).map(({ reporter }) => reporter);
    const onStdout = new Set(json ? [jsonReporter, ...named] : named);
    if (onStdout.size > 1) throw twoOnStdout([...onStdout]);
    this.stdout = [...onStdout][0] ?? textReporter;
  }

  /**
   * Opens the files; those that were opened hold the error.
   *
   * @throws BPB_USAGE_REPORT for two reports in one file, BPB_WRITE_FAILED
   */
  openFiles({ report = [] }: ReportFlags): void {
    const taken = new Set([stdoutFile()]);
    for (const { reporter, file: path } of report) {
      if (path === null) continue;
      const file = new ReportFile(path);
      if (file.file !== null && taken.has(file.file)) {
        file.close();
        throw twoInOneFile(path);
      }
      taken.add(file.file);
      this.files.push({ reporter, file });
    }
    for (const { file } of this.files) file.clear();
  }

  /** Writes the files, then stdout. A file that fails does not keep the result from stdout. */
  async result(report: Report): Promise<void> {
    const failures = this.writeFiles(report);
    this.stdoutUsed = true;
    await writeStdout(`${render(this.stdout, report, process.stdout)}\n`);
    if (failures.length > 0) throw failures[0];
  }

  /** Reports an error in place of the result, or after it on stderr alone. */
  async error(error: BpbError): Promise<void> {
    if (this.stdoutUsed) return reportError(error, textReporter);
    this.writeFiles({ kind: 'error', document: error });
    await reportError(error, this.stdout);
  }

  private writeFiles(report: Report): unknown[] {
    return this.files.flatMap(({ reporter, file }) => {
      try {
        file.write(`${render(reporter, report, { plain: true })}\n`);
        return [];
      } catch (error) {
        return [error];
      }
    });
  }
}

/** Writes an error where `reporter` has errors; on stderr if stdout takes nothing. */
export async function reportError(error: BpbError, reporter: Reporter): Promise<void> {
  const document = { kind: 'error', document: error } as const;
  let { errors } = reporter;
  if (errors !== 'stderr') {
    const text = `${render(reporter, document, process.stdout)}\n`;
    await writeStdout(text).catch(() => {
      errors = 'both';
    });
  }
  if (errors !== 'stdout') {
    await writeStderr(`${render(textReporter, document, process.stderr)}\n`);
  }
}

function twoInOneFile(path: string): BpbError {
  return usageError('BPB_USAGE_REPORT', {
    message: 'a file takes one report',
    path,
    expected: 'a file of its own for each report',
    actual: 'the file of another report, or of stdout',
  });
}

function twoOnStdout(reporters: readonly Reporter[]): BpbError {
  const names = reporters.map(({ name }) => name).join(' and ');
  return usageError('BPB_USAGE_REPORT', {
    message: 'stdout takes one report',
    path: '--report',
    expected: 'one format on stdout, each other one with a file',
    actual: names,
    hint: `--report ${reporters.at(-1)!.name}=FILE`,
  });
}

/**
 * `bpb doctor`: what scoring needs on this machine, and what of it is missing.
 */
import { Command, Option } from 'commander';
import { type DoctorOptions, doctor } from '../doctor/doctor.js';
import { EXIT_CODES } from '../errors.js';
import { doctorText } from '../report/doctor-text.js';

const EXAMPLES = `
Examples:
  $ bpb doctor
  $ bpb doctor --require cuda --json`;

interface Flags extends DoctorOptions {
  json?: boolean;
  require: 'cpu' | 'cuda';
}

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('say what scoring needs on this machine, and what mends what is missing')
    .addOption(
      new Option('--require <engines>', 'exit 4 unless these can score')
        .choices(['cpu', 'cuda'])
        .default('cpu'),
    )
    .option('--ort-lib <dir>', "folder of a libonnxruntime other than onnxruntime-node's")
    .option('--json', 'one JSON document on stdout')
    .addHelpText('after', EXAMPLES)
    .action(run);
}

function run({ json, require, ...options }: Flags): void {
  const report = doctor(options);
  console.log(json ? JSON.stringify(report, null, 2) : doctorText(report));
  if (!(require === 'cuda' ? report.gpu : report.cpu)) process.exitCode = EXIT_CODES.environment;
}

/**
 * `bpb doctor`: what scoring needs on this machine, and what of it is missing.
 */
import type { DoctorOptions } from '../doctor/doctor.js';
import { EXIT_CODES } from '../errors.js';
import { defineCommand } from './command.js';
import { flag, GROUPS } from './help.js';

interface Flags extends DoctorOptions {
  require?: 'cpu' | 'cuda';
}

export const doctorCommand = defineCommand<Flags>({
  name: 'doctor',
  description: 'say what scoring needs on this machine, and how to get what is missing',
  examples: ['bpb doctor', 'bpb doctor --require cuda --json'],
  options: (command) =>
    command
      .optionsGroup(GROUPS.engine)
      .addOption(
        flag('--require <engines>', 'exit 4 unless these can score', {
          choices: ['cpu', 'cuda'],
          default: 'cpu',
        }),
      )
      .addOption(
        flag('--ort-lib <dir>', 'folder of a libonnxruntime', { default: "onnxruntime-node's" }),
      ),
  run: async ({ flags: { require = 'cpu', ...options } }) => {
    const { doctor } = await import('../doctor/doctor.js');
    const document = doctor(options);
    const ok = require === 'cuda' ? document.gpu : document.cpu;
    return { kind: 'doctor', document, ok, exit: EXIT_CODES.environment };
  },
});

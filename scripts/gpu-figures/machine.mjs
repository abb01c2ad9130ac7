/** The machine, and how every step ended. */
import { origin, plain, table, UNMEASURED, whole } from './common.mjs';

export function machine(results) {
  const from = origin(results);
  if (from === null) return `*Unmeasured*: no figure here comes from a GPU yet.`;
  const { cuda, python, ncu } = results.machine;
  const versions = [
    ['nvcc', cuda?.nvcc],
    ['PyTorch', python?.torch],
    ['Triton', python?.triton],
    ['cuDNN', python?.cudnn],
    ['ncu', ncu],
  ].map(([name, version]) => `${name} ${version == null ? 'absent' : plain(version)}`);
  return `Measured on one ${from}; ${versions.join(', ')}.`;
}

export function steps(results) {
  if (results === null || results.steps.size === 0) return UNMEASURED;
  const order = [...results.steps.values()].toSorted(
    (a, b) => a.stage.localeCompare(b.stage) || (a.began ?? '').localeCompare(b.began ?? ''),
  );
  return table(
    ['stage', 'step', 'ended', 's', ''],
    order.map(({ stage, step, status, seconds, answer }) => [
      stage,
      step,
      status === 'ok' ? 'ok' : `**${status}**`,
      whole(seconds),
      plain(answer),
    ]),
    'lllrl',
  );
}

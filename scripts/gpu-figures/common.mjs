/** Words, numbers and tables that all figures share. */

export const UNMEASURED = '*unmeasured*';

/** Text of a result in a cell of a table: nothing of it may end the cell, the line or the block. */
export const plain = (text) =>
  String(text)
    .replace(/\s+/g, ' ')
    .replaceAll('\\', '\\\\')
    .replaceAll('|', '\\|')
    .replaceAll('<', '&lt;')
    .slice(0, 300);

export function table(header, rows, align = '') {
  const rule = header.map((_, i) => (align[i] === 'r' ? '---:' : '---'));
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [header, rule, ...rows].map(line).join('\n');
}

export const whole = (number) => Math.round(number).toLocaleString('en-US');
export const percent = (part) => `${(100 * part).toFixed(1)} %`;
export const small = (number) => number.toExponential(1);

/** A figure beside what it must be. */
export const verdict = (met) => (met ? 'met' : '**not met**');

/**
 * Whether figures of a step count: null where they do, else what stands in their place. Lines of a step
 * that ran out of time are whole, so they count; those of one that failed do not, whatever they say.
 */
export function passedOver(results, name) {
  const step = results?.steps.get(name);
  if (step === undefined || step.status === 'not begun') return UNMEASURED;
  if (step.status === 'ok' || step.status === 'timeout') return null;
  const answer = step.answer === '' ? '' : `: ${plain(step.answer)}`;
  return `*${step.status}*, step ${step.step}${answer}`;
}

/** `NVIDIA H100 80GB HBM3, driver 580.1, 2026-11-27, commit 1ef946d` */
export function origin(results) {
  if (results === null || results.machine === null) return null;
  const { gpu, date } = results.machine;
  return `${plain(gpu.name)}, driver ${plain(gpu.driver)}, ${date.slice(0, 10)}, commit ${results.run.commit.slice(0, 7)}`;
}

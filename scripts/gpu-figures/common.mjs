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

/** The step of this name, or those whose names go on after it: `batches` is `batches-wide` too. */
const named = (results, name) =>
  [...(results?.steps.values() ?? [])].filter(
    ({ step }) => step === name || step.startsWith(`${name}-`),
  );

/** Whether such a step ran: lines that no step accounts for are of nobody. */
export const ran = (results, name) =>
  named(results, name).some(({ status }) => status !== 'not begun');

/** What stands in place of a figure that the steps of a name did not leave. */
export function absent(results, name) {
  const bad = named(results, name).find(({ status }) => status !== 'ok' && status !== 'not begun');
  if (bad === undefined) return UNMEASURED;
  const answer = bad.answer === '' ? '' : `: ${plain(bad.answer)}`;
  return `*${bad.status}*, step ${bad.step}${answer}`;
}

/** `NVIDIA H100 80GB HBM3, driver 580.1, 2026-11-27, commit 1ef946d`, or null where no GPU is told. */
export function origin(results) {
  if (results?.machine?.gpu == null) return null;
  const { gpu, date } = results.machine;
  return `${plain(gpu.name)}, driver ${plain(gpu.driver)}, ${date.slice(0, 10)}, commit ${results.run.commit}`;
}

/**
 * One Markdown table of the laboratory's times and its peers'.
 *
 *   node native/bench/table.mjs LAB.jsonl [PEERS.jsonl] [OPERATORS.jsonl] [--all]
 *
 * Rows are grouped by type, vocabulary, softcap and width; GB/s are bytes of logits a second, shares those of
 * the copy and of the read-only sweep that the laboratory measured in the same run. Without --all only
 * the shipped kernel stands beside the peers.
 */
import { pathToFileURL } from 'node:url';
import { readLines } from '../../scripts/gpu/lines.mjs';

const shapeOf = (line) => [line.type, line.vocab, line.softcap, line.width].join(' | ');
const nameOf = (line) => (line.who === 'bpb' ? line.version : `${line.who} (${line.version})`);

function rowOf(line, ceilings) {
  const start = `| ${shapeOf(line)} | ${nameOf(line)} |`;
  if (line.error) return `${start} ${line.error.replaceAll('|', '/')} | | | | |`;
  const share = (ceiling) => `${((100 * line.gbs) / ceiling).toFixed(1)} %`;
  const time = [line.ms, line.ms_low, line.ms_high].map((ms) => ms.toFixed(3));
  const worst = line.worst?.toExponential(1) ?? '';
  const wrong = line.ok === false ? ' WRONG' : '';
  return `${start} ${time[0]} (${time[1]}–${time[2]}) | ${line.gbs.toFixed(0)} | ${share(ceilings.copy_gbs)} | ${share(ceilings.read_gbs)} | ${worst}${wrong} |`;
}

/** Lines of the table; `lab` and `peers` are objects as the laboratory and its peers print them. */
export function kernelTable(lab, peers, { all = false } = {}) {
  const about = Object.fromEntries(lab.map((line) => [line.kind, line]));
  const { device, ceilings, exp2 } = about;
  if (device === undefined || ceilings === undefined)
    return ['no times: the laboratory did not run'];
  const times = lab.filter((line) => line.kind === 'time' && (all || line.version === 'shipped'));
  // Of each version's lines on a shape the last: a step that was run again replaces what it wrote.
  const latest = new Map([...times, ...peers].map((line) => [shapeOf(line) + nameOf(line), line]));
  const order = [...new Set([...times, ...peers].map(shapeOf))];
  const rows = order.flatMap((shape) =>
    [...latest.values()].filter((line) => shapeOf(line) === shape),
  );
  return [
    `${device.name}, compute capability ${device.major}.${device.minor}, ${device.multiprocessors} multiprocessors, ${(device.memory_bytes / 2 ** 30).toFixed(1)} GiB, driver ${device.driver}, runtime ${device.runtime}`,
    '',
    `copy ${ceilings.copy_gbs.toFixed(0)} GB/s (read + written), read-only sweep ${ceilings.read_gbs.toFixed(0)} GB/s, ${ceilings.sm_mhz} MHz under load; ex2.approx.ftz on all fp16 within 126: largest relative error 2^${exp2.worst_log2}, mean ${exp2.mean.toExponential(2)}`,
    '',
    '| type | V | softcap | width | version | ms, median (quartiles) | GB/s | of copy | of read | error |',
    '| --- | ---: | ---: | ---: | --- | ---: | ---: | ---: | ---: | ---: |',
    ...rows.map((line) => rowOf(line, ceilings)),
  ];
}

/** Lines of the operators' table, of what `bpb_lab time-operators` prints; none where it did not run. */
function operatorTable(lines) {
  const ceilings = lines.find((line) => line.kind === 'ceilings');
  const times = lines.filter((line) => line.kind === 'operator');
  if (ceilings === undefined || times.length === 0) return [];
  const rows = times.map(({ ms, ms_low, ms_high, ...line }) => {
    const [median, low, high] = [ms, ms_low, ms_high].map((time) => time.toFixed(3));
    return `| ${line.operator} | ${line.shape} | ${line.type} | ${line.version} | ${median} (${low}–${high}) | ${line.gbs.toFixed(0)} | ${(100 * line.of_copy).toFixed(1)} % |`;
  });
  return [
    '',
    `Operators, 65,536 rows, beside a copy of ${ceilings.copy_gbs.toFixed(0)} GB/s (read + written):`,
    '',
    '| operator | shape | type | version | ms, median (quartiles) | GB/s | of copy |',
    '| --- | --- | --- | --- | ---: | ---: | ---: |',
    ...rows,
  ];
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const paths = process.argv.slice(2).filter((argument) => argument !== '--all');
  const [lab, ...others] = paths.map(readLines);
  const all = process.argv.includes('--all');
  const operators = others.filter((lines) => lines.some(({ kind }) => kind === 'operator')).flat();
  const peers = others.flat().filter(({ who }) => who !== undefined);
  console.log(kernelTable(lab, peers, { all }).concat(operatorTable(operators)).join('\n'));
}

/** How a benchmark prints: the machine it ran on, and a table. */
import { availableParallelism, cpus } from 'node:os';

export function machine() {
  const date = new Date().toISOString().slice(0, 10);
  return `${availableParallelism()} × ${cpus()[0].model}, Node ${process.version}, ${date}`;
}

export function table(header, rows) {
  const widths = header.map((name, c) =>
    Math.max(name.length, ...rows.map((r) => String(r[c]).length)),
  );
  const line = (cells) =>
    `| ${cells.map((cell, c) => String(cell).padStart(widths[c])).join(' | ')} |`;
  console.log(line(header));
  console.log(`|${widths.map((w) => '-'.repeat(w + 1).concat(':')).join('|')}|`);
  for (const row of rows) console.log(line(row));
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

/**
 * Speed of the CPU scorer on one core, against reading the same memory once.
 *
 *     npm run build && node bench/nll.mjs [megabytes]
 *
 * For every instruction set, type of logits and vocabulary: GB/s of logits, each row scored once
 * over a buffer far larger than a core's caches. Seconds are the process's CPU time, so that being
 * put aside for another process does not count; its use of the memory bus still does, which is why
 * the read limit is measured anew beside every case: the ratio is what to compare.
 */

import { loadAddon } from '../dist/engine/addon.js';

const megabytes = Number(process.argv[2] ?? 512);
const bytes = megabytes * 2 ** 20;
const repeats = 5;
const sizes = { fp32: 4, fp16: 2, bf16: 2 };

const native = loadAddon();
if ('reason' in native) {
  console.error(native.reason);
  process.exit(4);
}
const { addon } = native;

/** Logits of about N(0, 3²), as bit patterns of the type. */
function fill(type) {
  const buffer = new ArrayBuffer(bytes);
  const pattern = new Float32Array(1 << 16);
  for (let i = 0; i < pattern.length; i++) {
    const u = (Math.imul(i + 1, 0x9e3779b1) >>> 8) / 2 ** 24;
    const v = (Math.imul(i + 1, 0x85ebca6b) >>> 8) / 2 ** 24;
    pattern[i] = 3 * Math.sqrt(-2 * Math.log(1 - u)) * Math.cos(2 * Math.PI * v);
  }
  const bits = new Uint32Array(pattern.buffer);
  if (type === 'fp32') {
    const all = new Uint32Array(buffer);
    for (let at = 0; at < all.length; at += bits.length)
      all.set(bits.subarray(0, all.length - at), at);
    return buffer;
  }
  // bf16 is the upper half; for fp16 the same values, cut to ten bits.
  const halves = Uint16Array.from(bits, (word) => {
    if (type === 'bf16') return word >>> 16;
    const exponent = ((word >>> 23) & 255) - 112;
    const size = exponent <= 0 ? 0 : (exponent << 10) | ((word >>> 13) & 1023);
    return ((word >>> 16) & 0x8000) | size;
  });
  const all = new Uint16Array(buffer);
  for (let at = 0; at < all.length; at += halves.length) all.set(halves, at);
  return buffer;
}

/** Best GB/s of several runs. */
function best(run) {
  let seconds = Number.POSITIVE_INFINITY;
  for (let i = 0; i < repeats; i++) {
    const start = process.cpuUsage();
    run();
    const { user, system } = process.cpuUsage(start);
    seconds = Math.min(seconds, (user + system) / 1e6);
  }
  return bytes / seconds / 1e9;
}

const rows = [];
const isas = addon.instructionSets();
for (const type of Object.keys(sizes)) {
  const logits = fill(type);
  for (const vocab of [1024, 8192]) {
    const count = bytes / sizes[type] / vocab;
    const targets = Int32Array.from({ length: count }, (_, i) => (i * 7919) % vocab);
    for (const isa of isas.toReversed()) {
      for (const softcap of [null, 30]) {
        const options = { logits, type, rows: count, vocab, stride: vocab, offset: 0, targets };
        const read = best(() => addon.read({ buffer: logits, isa: isas.at(-1) }));
        const speed = best(() => addon.nll({ ...options, softcap, isa }));
        rows.push({
          type,
          V: vocab,
          isa,
          softcap: softcap ?? 'none',
          'GB/s': speed.toFixed(2),
          'read GB/s': read.toFixed(2),
          'of read': `${((100 * speed) / read).toFixed(0)} %`,
          'Mtargets/s': ((speed * 1e3) / (vocab * sizes[type])).toFixed(2),
        });
      }
    }
  }
}
console.log(`${megabytes} MB of logits, one core, best of ${repeats}`);
console.table(rows);

/**
 * Reads the launch log of a CUDA runtime that does nothing, and cuts one batch out of it.
 *
 * A line is `<seconds> K grid=X,Y,Z block=X,Y,Z stream=P [moves=BYTES] MANGLED`, `BLAS <call> m= n= k= …`,
 * `memcpyAsync BYTES H->D …`, `memsetAsync BYTES …` or anything else, which moves nothing (allocations,
 * events, waits). The time is optional, so that a batch kept by `keepBatch` is a log too; there a
 * line `name N MANGLED` stands for a name that launches then call `@N`.
 */

/** The kernel of libbpb_cuda that ends a batch (native/src/cuda/kernel.cuh), or a stand-in's. */
export const endsBatch = ({ mangled }) => /(^|\d)score_kernel/.test(mangled ?? '');

const triple = (text) => text.split(',').map(Number);

function parseKernel(text, names, where) {
  const found =
    /^K grid=(\d+,\d+,\d+) block=(\d+,\d+,\d+)(?: stream=\S+)?(?: moves=(\d+))? (\S+)$/.exec(text);
  if (found === null) {
    throw new Error(`${where}: expected "K grid=X,Y,Z block=X,Y,Z stream=P NAME", found: ${text}`);
  }
  const [, grid, block, moves, name] = found;
  const mangled = name.startsWith('@') ? names.get(name.slice(1)) : name;
  if (mangled === undefined) throw new Error(`${where}: no line "name ${name.slice(1)} …" before`);
  const launch = { kind: 'kernel', grid: triple(grid), block: triple(block), mangled };
  return moves === undefined ? launch : { ...launch, moves: Number(moves) };
}

/** `key=value` pairs as numbers; a bare `xN` is how many products one call makes. */
function parseProduct(text) {
  const [, call, ...rest] = text.split(/\s+/);
  const product = { kind: 'product', call: call.replace(/_v2$/, '') };
  for (const part of rest) {
    const pair = /^(\w+)=(-?\d+)$/.exec(part);
    if (pair !== null) product[pair[1]] = Number(pair[2]);
    const count = /^x(\d+)$/.exec(part);
    if (count !== null) product.count = Number(count[1]);
  }
  return product;
}

function parseLine(text, names, where) {
  if (text.startsWith('K ')) return parseKernel(text, names, where);
  // Settings of cuBLAS (a stream, a mode) compute nothing.
  if (/^BLAS \w*(gemm|geam|copy|scal|Matmul$|Transform$)/i.test(text)) return parseProduct(text);
  const copy = /^(?:SYNC )?(?:cudaM|m)emcpy(?:2D)?(?:Async)? (\d+) ([HD])->([HD])/.exec(text);
  if (copy !== null) {
    return { kind: 'copy', bytes: Number(copy[1]), from: copy[2], to: copy[3] };
  }
  const set = /^(?:SYNC )?(?:cudaM|m)emset(?:Async)? (\d+)/.exec(text);
  if (set !== null) return { kind: 'set', bytes: Number(set[1]) };
  return null;
}

/**
 * What the device was asked to do, in order; a last line without its end is left out, as a process
 * that was ended leaves one.
 *
 * @throws Error naming the line, where a launch is not of the form above.
 */
export function parseLog(text, path = 'log') {
  const launches = [];
  const names = new Map();
  const lines = text.split('\n');
  lines.pop();
  for (const [i, line] of lines.entries()) {
    const entry = line.replace(/^\d+\.\d+ /, '');
    const named = /^name (\d+) (\S+)$/.exec(entry);
    if (named !== null) names.set(named[1], named[2]);
    const launch = named === null ? parseLine(entry, names, `${path}:${i + 1}`) : null;
    if (launch !== null) launches.push(launch);
  }
  return launches;
}

/** Runs of launches that end with the scorer's; what follows the last one is of no batch. */
export function cutBatches(launches, ends = endsBatch) {
  const batches = [];
  let from = 0;
  for (const [i, launch] of launches.entries()) {
    if (!ends(launch)) continue;
    batches.push(launches.slice(from, i + 1));
    from = i + 1;
  }
  return batches;
}

const signature = (batch) =>
  batch
    .filter(({ kind }) => kind === 'kernel')
    .map(({ grid, mangled }) => `${mangled} ${grid}`)
    .join('\n');

/**
 * The measured batch: the second of the first two in a row with the same kernels. The first of a
 * session also holds what is done once, and a log's end may be of the proof, in other shapes.
 *
 * @throws Error where no two batches in a row are alike, or `wanted` (from 0) is not there.
 */
export function chooseBatch(launches, wanted) {
  const batches = cutBatches(launches);
  if (wanted !== undefined) {
    if (batches[wanted] === undefined) {
      throw new Error(`batch ${wanted} is not there: the log has ${batches.length}, from 0`);
    }
    return batches[wanted];
  }
  const signatures = batches.map(signature);
  const at = signatures.findIndex((text, i) => i > 0 && text === signatures[i - 1]);
  if (at < 0) {
    throw new Error(
      `the log has no two like batches in a row (${batches.length} launches of score_kernel): score more tokens, or name one`,
    );
  }
  return batches[at];
}

/** One batch as a log that `parseLog` reads again, each name once. */
export function keepBatch(batch, head) {
  const names = [...new Set(batch.flatMap(({ mangled }) => mangled ?? []))];
  const line = (launch) => {
    if (launch.kind === 'kernel') {
      const { grid, block, moves, mangled } = launch;
      const moved = moves === undefined ? '' : ` moves=${moves}`;
      return `K grid=${grid} block=${block}${moved} @${names.indexOf(mangled)}`;
    }
    if (launch.kind === 'copy') return `memcpyAsync ${launch.bytes} ${launch.from}->${launch.to}`;
    if (launch.kind === 'set') return `memsetAsync ${launch.bytes}`;
    const { kind: _, call, count, ...sizes } = launch;
    const pairs = Object.entries(sizes).map(([key, value]) => ` ${key}=${value}`);
    return `BLAS ${call}${pairs.join('')}${count === undefined ? '' : ` x${count}`}`;
  };
  const heads = head.map((text) => `# ${text}`);
  const table = names.map((name, i) => `name ${i} ${name}`);
  return `${[...heads, ...table, ...batch.map(line)].join('\n')}\n`;
}

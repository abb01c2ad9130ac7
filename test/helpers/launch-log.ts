/** The log of test/fake-cuda: what was launched, copied, allocated and waited for, batch by batch. */

export type LaunchKind =
  | 'kernel'
  | 'product'
  | 'upload'
  | 'download'
  | 'deviceCopy'
  | 'memset'
  | 'wait'
  | 'deviceMemory'
  | 'pinnedMemory'
  | 'other';

export interface Launch {
  readonly kind: LaunchKind;
  /** The line without its time. */
  readonly line: string;
  /** Mangled name of a kernel, name of a function of cuBLAS; else empty. */
  readonly name: string;
  /** Of copies, memsets and allocations; else 0. */
  readonly bytes: number;
  /** The stream's address, or null where the line names none. */
  readonly stream: string | null;
}

export interface LaunchLog {
  readonly launches: readonly Launch[];
  /**
   * What each scored batch queued: everything after the scorer's kernel of the batch before, up to its
   * own. The first one holds what opening the session took, too.
   */
  readonly batches: readonly (readonly Launch[])[];
  /** After the scorer's kernel of the last batch. */
  readonly end: readonly Launch[];
}

const SCORER = 'score_kernel';

const KINDS: readonly (readonly [RegExp, LaunchKind])[] = [
  [/^K /, 'kernel'],
  [/^BLAS \w*(gemm|Gemm|Matmul$)/, 'product'],
  [/^(SYNC cudaMemcpy|memcpyAsync|memcpy2DAsync) \d+ H->D/, 'upload'],
  [/^(SYNC cudaMemcpy|memcpyAsync|memcpy2DAsync) \d+ D->H/, 'download'],
  [/^(SYNC cudaMemcpy|memcpyAsync|memcpy2DAsync) \d+ D->D/, 'deviceCopy'],
  [/^(SYNC cudaMemset|memsetAsync) /, 'memset'],
  [/^SYNC /, 'wait'],
  [/^cudaMalloc /, 'deviceMemory'],
  [/^cudaMallocHost /, 'pinnedMemory'],
];

export function readLaunchLog(text: string): LaunchLog {
  const launches = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => parse(line.slice(line.indexOf(' ') + 1)));
  const batches: Launch[][] = [];
  let begin = 0;
  for (const [index, { name }] of launches.entries()) {
    if (!name.includes(SCORER)) continue;
    batches.push(launches.slice(begin, index + 1));
    begin = index + 1;
  }
  return { launches, batches, end: launches.slice(begin) };
}

function parse(line: string): Launch {
  const kind = KINDS.find(([pattern]) => pattern.test(line))?.[1] ?? 'other';
  const words = line.split(' ');
  const name = kind === 'kernel' ? words.at(-1)! : line.startsWith('BLAS ') ? words[1]! : '';
  const bytes = /^(?:SYNC )?\w+ (\d+)( |$)/.exec(line)?.[1];
  return {
    kind,
    line,
    name,
    bytes: bytes === undefined ? 0 : Number(bytes),
    stream: /stream=(\S+)/.exec(line)?.[1] ?? /^SYNC stream (\S+)/.exec(line)?.[1] ?? null,
  };
}

/** How many launches of a kind. */
export function countOf(launches: readonly Launch[], kind: LaunchKind): number {
  return launches.filter((launch) => launch.kind === kind).length;
}

/** Bytes of all launches of a kind. */
export function bytesOf(launches: readonly Launch[], kind: LaunchKind): number {
  return launches.reduce((sum, launch) => sum + (launch.kind === kind ? launch.bytes : 0), 0);
}

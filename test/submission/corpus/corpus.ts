/** The scripts of the corpus and what is known of each: `manifest.json`, whose labels the referee checks. */
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PACKINGS, type Packing, packed } from './pack.js';

export const CORPUS = dirname(fileURLToPath(import.meta.url));
/** Scripts by someone who had read neither the check nor the corpus, with labels made before the check ran on them. */
export const HELD_OUT = join(dirname(CORPUS), 'held-out');

export interface CorpusScript {
  /** Below the corpus: a script, or a folder whose first script is `main`. */
  file: string;
  main?: string;
  kind: 'right' | 'defect';
  /** What is unlike in how it is written, in a few words. */
  spelling: string;
  /**
   * The planted defect: its part, the check ids and severities that name it rightly, and the 1-based line
   * where it was planted; a finding may rightly stand where its effect shows.
   */
  part?: 'table' | 'aggregation' | 'coverage' | 'sidecar' | 'constants';
  checks?: string[];
  severity?: ('fail' | 'warn')[];
  line?: number;
  /** The file of the line, where the script is a folder. */
  lineFile?: string;
  /** The right script that the defect was planted in. */
  twin?: string;
  /** The referee's set (`sp` by default), ranks, row length where it is no setting, arguments, settings. */
  set?: 'sp' | 'caseops' | 'byte';
  ranks?: number;
  row?: number;
  argv?: string[];
  env?: Record<string, string>;
  /** The folder that a preparation script writes. */
  out?: string;
  /** A limit that only a full set reaches, and the one that stands for it in the referee's copy. */
  scaled?: [string, string];
  /**
   * What the referee compares: the printed `values` (by default); their `quotient`, the bytes a token;
   * the `shards` written; a `longer-sidecar`, which must be refused; `not applicable`, for `reason`.
   */
  referee?: 'values' | 'quotient' | 'shards' | 'longer-sidecar' | 'not applicable';
  reason?: string;
}

export function corpusScripts(root = CORPUS): CorpusScript[] {
  return JSON.parse(readFileSync(join(root, 'manifest.json'), 'utf8')).scripts;
}

/** What is packed in two layers, the inner first. */
const TWICE: Packing[] = ['zlib, base64', 'raw LZMA2, base85'];
const PACKED = {
  right: ['chunk_flat', 'sliding_blocks', 'docs_bos_positions', 'min_tabs', 'sliding_prev_end'],
  defect: ['flat_other_rows', 'sliding_head_never', 'docs_mean', 'min_marker_twice', 'marker_kept'],
};

/** Some of the scripts in every packing, written to a folder; the line is that of the unpacked script. */
export function packedScripts(folder: string): CorpusScript[] {
  const scripts = corpusScripts();
  return (['right', 'defect'] as const).flatMap((kind) =>
    [...PACKINGS.map((packing) => [packing]), TWICE].map((packings, k) => {
      const name = PACKED[kind][k % PACKED[kind].length];
      const script = scripts.find(({ file }) => file === `${kind}/${name}.py`)!;
      const file = `${kind}-${k}-${basename(script.file)}`;
      const source = readFileSync(join(CORPUS, script.file), 'utf8');
      writeFileSync(join(folder, file), packed(source, ...packings));
      return { ...script, file, spelling: `${packings.join(' in ')}: ${script.spelling}` };
    }),
  );
}

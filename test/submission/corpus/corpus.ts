/** The scripts of the corpus and what is known of each: `manifest.json`, whose labels the referee checks. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const CORPUS = dirname(fileURLToPath(import.meta.url));

export interface CorpusScript {
  /** Below the corpus: a script, or a folder whose first script is `main`. */
  file: string;
  main?: string;
  kind: 'right' | 'defect';
  /** What is unlike in how it is written, in a few words. */
  spelling: string;
  /** The planted defect: its part, the check ids and severities that name it rightly, its 1-based line. */
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
  /** What the referee compares (`values` by default); `not applicable`, for `reason`: only that it runs. */
  referee?: 'values' | 'quotient' | 'shards' | 'not applicable';
  reason?: string;
}

export function corpusScripts(): CorpusScript[] {
  return JSON.parse(readFileSync(join(CORPUS, 'manifest.json'), 'utf8')).scripts;
}

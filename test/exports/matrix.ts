/**
 * The matrix of exports: made by the Pythons at hand, into a folder that may be kept (CONTRIBUTING.md).
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestContext } from 'vitest';
import { fileFolder } from '../helpers/folder.js';
import { pythonWith } from '../helpers/python.js';

/** As in test/exports/entry.py. */
const TIME = 32;

export interface Entry {
  readonly name: string;
  readonly outcome: string;
  readonly says: string;
  readonly flags: readonly string[];
  readonly instead: readonly string[];
  readonly gives: 'logits' | 'probabilities';
}
export type Lines = ReadonlyMap<string, Readonly<Record<string, unknown>>>;

const here = (file: string) => fileURLToPath(new URL(file, import.meta.url));
const named = process.env['BPB_EXPORT_PYTHONS']?.split(':') ?? [];
/** Python with ONNX Runtime; undefined where there is none. */
export const referee = pythonWith('onnxruntime', 'numpy', 'onnx');
const pythons = [...named, ...(referee === undefined ? [] : [referee])];

export function run(python: string, script: string, ...args: string[]): string {
  const options = { encoding: 'utf8', maxBuffer: 1 << 26 } as const;
  const { status, stdout, stderr } = spawnSync(python, [here(script), ...args], options);
  if (status !== 0) throw new Error(`${script}: ${stderr.slice(-2000)}`);
  return stdout;
}

/** The table of all exports; empty where no Python makes any. */
export function listEntries(): readonly Entry[] {
  return pythons.length === 0 ? [] : JSON.parse(run(pythons[0]!, 'make.py', '--list'));
}

export function linesOf(text: string): Lines {
  const lines = text.trim().split('\n').filter(Boolean);
  return new Map(lines.map((line) => JSON.parse(line)).map((line) => [line.name, line]));
}

export class Matrix {
  readonly folder = process.env['BPB_TEST_MATRIX'] ?? fileFolder();
  private readonly reasons = new Map<string, string>();

  /** Makes what is not there yet. */
  make(): void {
    for (const python of pythons) {
      for (const [name, line] of linesOf(run(python, 'make.py', this.folder))) {
        const { missing, error } = line as { missing?: string[]; error?: string };
        if (error !== undefined) this.reasons.set(name, error);
        else if (missing !== undefined && !this.reasons.has(name))
          this.reasons.set(name, `no ${missing.join(', ')}`);
      }
    }
  }

  made(): string[] {
    return readdirSync(this.folder).filter((name) => this.has(name));
  }

  skipUnmade(context: TestContext, { name }: Entry): void {
    if (!this.has(name)) context.skip(`not made: ${this.reasons.get(name)}`);
  }

  optionsOf({ name }: Entry) {
    return {
      artifact: join(this.folder, name, 'model.onnx'),
      tokenizer: 'byte260',
      data: [join(this.folder, 'val')],
      window: 'chunk' as const,
      seqLen: TIME,
    };
  }

  private has(name: string): boolean {
    return existsSync(join(this.folder, name, 'entry.json'));
  }
}

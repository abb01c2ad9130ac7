/** One search for one cheat: what it says of the artifact. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ScoreOptions } from '#bpb/evaluation/options';
import { type ProbeOptions, probe } from '#bpb/probes/probe';
import { score } from '#bpb/score/score';
import { temporaryFolder } from '../helpers/folder.js';
import type { Build, Cheat } from './cheat.js';
import { bare } from './parts.js';
import { base, CONTROL_TEXTS, SETTINGS, type SettingName } from './settings.js';

const HONEST = bare(base);

export const honestOf = ({ honest }: Pick<Cheat, 'honest'>): Build => honest ?? HONEST;

interface Made {
  readonly artifact: string;
  readonly setting: SettingName;
}

/** The artifact, in a folder of the running test's own. */
export async function make(build: Build, setting: SettingName): Promise<Made> {
  const folder = join(temporaryFolder(), 'artifact');
  mkdirSync(folder);
  return { artifact: await build(folder), setting };
}

function docsFile(texts: readonly string[]): string {
  const path = join(temporaryFolder(), 'docs.jsonl');
  writeFileSync(path, texts.map((text) => `${JSON.stringify({ text })}\n`).join(''));
  return path;
}

function optionsOf({ artifact, setting }: Made) {
  const { texts, evaluation } = SETTINGS[setting];
  const tokenizer = setting === 'stateful' ? undefined : 'byte260';
  const engine = { engine: 'onnx-cpu', workers: 1, threads: 1 } as const;
  return { artifact, docs: docsFile(texts), tokenizer, ...engine, ...evaluation };
}

/** Names of what was found: verdicts of a probe, or findings of a score. */
interface Seen {
  readonly failed: string[];
  readonly warned: string[];
}

export async function probed(
  made: Made,
  seed: number,
  more: Partial<ProbeOptions> = {},
): Promise<Seen> {
  const { verdicts } = await probe({ ...optionsOf(made), seed, ...more });
  const those = (which: string) =>
    verdicts.filter(({ verdict }) => verdict === which).map(({ name }) => name);
  return { failed: those('fail'), warned: those('warn') };
}

export async function scored(
  made: Made,
  seed: number,
  more: Partial<ScoreOptions> = {},
): Promise<Seen & { readonly loss: number }> {
  const options = { ...optionsOf(made), seed, tail: 'score', ...more } as const;
  const { findings, score: figures } = await score(options);
  const those = (which: string) =>
    findings.filter(({ severity }) => severity === which).map(({ id }) => id);
  return { failed: those('fail'), warned: those('warn'), loss: figures.val_loss! };
}

/** What the search that the catalogue names for the cheat says of its artifact. */
export function searched({ found }: Pick<Cheat, 'found'>, made: Made, seed: number): Promise<Seen> {
  switch (found.search) {
    case 'score':
      return scored(made, seed);
    case 'every-row':
      return probed(made, seed, { everyRow: true });
    case 'control':
      return scored(made, seed, { controlDocs: docsFile(CONTROL_TEXTS.short) });
    default:
      return probed(made, seed);
  }
}

export const isFound = ({ found }: Pick<Cheat, 'found'>, { failed, warned }: Seen): boolean =>
  found.by !== null && (found.warned ? warned : failed).includes(found.by);

/** What the catalogue says of a cheat: how it is made, what finds it, how often, at what cost. */
import type { SettingName } from './settings.js';

/** Writes an artifact into an empty folder. @returns its path: the folder, or a bare model in it */
export type Build = (folder: string) => string | Promise<string>;

/** What looks for it, in the order of its cost. */
export type Search = 'read' | 'score' | 'probe' | 'every-row' | 'control' | 'nothing';

interface Found {
  readonly search: Search;
  /** The probe that fails, or the finding of a score; null where nothing does. */
  readonly by: string | null;
  /** It is warned of, which withholds nothing. */
  readonly warned?: true;
  /** That one run finds it, before the run is made: a share of runs, and where it comes from. */
  readonly chance: number;
  readonly why: string;
}

export interface Cheat {
  readonly name: string;
  /** In the words of the page, which are the same. */
  readonly does: string;
  readonly setting: SettingName;
  readonly bent: Build;
  /** The same artifact with nothing bent, which must pass; by default the setting's own. */
  readonly honest?: Build;
  readonly found: Found;
}

/** That one of `draws` draws, each of which would show it with the chance `share`, does. */
export const oneOf = (draws: number, share: number): number => 1 - (1 - share) ** draws;

/** In the words of the page: what each search costs. */
export const COSTS: Readonly<Record<Search, string>> = {
  read: 'none: the files are read',
  score: 'none: part of every score',
  probe: 'the fast probes',
  'every-row': '1 score more',
  control: 'a score of the control set',
  nothing: '',
};

/** In the words of the page: the command that searches. */
export const COMMANDS: Readonly<Record<Search, string>> = {
  read: '`bpb probe`, `bpb score`',
  score: '`bpb score`',
  probe: '`bpb probe`, `--strict`',
  'every-row': '`--every-row`',
  control: '`--control-docs`',
  nothing: '',
};

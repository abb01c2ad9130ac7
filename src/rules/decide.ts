/**
 * Order of those who decide a setting: rules, caller, repository config, artifact, default.
 */

/** `config` stands for a repository's configuration, which is not read yet. */
export type Decider = 'rules' | 'caller' | 'config' | 'artifact' | 'default';

export interface Decided<T> {
  readonly value: T;
  readonly by: Decider;
}

/** What each of them says of a setting; undefined where it says nothing. */
interface Sayings<T> {
  /** The one value that the rules allow. */
  readonly rules?: T | undefined;
  readonly caller?: T | undefined;
  readonly artifact?: T | undefined;
  readonly byDefault: T;
}

export function decide<T>({ rules, caller, artifact, byDefault }: Sayings<T>): Decided<T> {
  if (rules !== undefined) return { value: rules, by: 'rules' };
  if (caller !== undefined) return { value: caller, by: 'caller' };
  // A manifest that writes the default down decides nothing.
  if (artifact === undefined || artifact === byDefault) return { value: byDefault, by: 'default' };
  return { value: artifact, by: 'artifact' };
}

/** Who decided an option that only a caller can give. */
export function callerOf(option: unknown): Decider {
  return option === undefined ? 'default' : 'caller';
}

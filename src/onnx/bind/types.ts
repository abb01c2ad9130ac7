/**
 * What a caller asks of the binding of a model's ports, and what was bound.
 */

/** Values that an input is given; `last` is the index of the last position, one less than `length`. */
export const INPUT_KINDS = ['ones', 'zeros', 'positions', 'empty', 'length', 'last'] as const;

export type InputKind = (typeof INPUT_KINDS)[number] | { readonly constant: number };

/** How the values of the logits output are to be read. */
export const LOGITS_KINDS = ['logits', 'log-probabilities', 'probabilities'] as const;

export type LogitsKind = (typeof LOGITS_KINDS)[number];

/** A kind for the inputs of a name, in which `*` stands for any text. */
export interface InputRule {
  readonly name: string;
  readonly kind: InputKind;
  readonly by: 'manifest' | 'caller';
}

export interface BindRequest {
  /** Input of the token ids; undefined where it is to be recognised. */
  readonly tokens: string | undefined;
  /** Output of the logits; undefined where it is to be recognised. */
  readonly logits: string | undefined;
  /** In order of precedence: of the rules that match an input the first is taken. */
  readonly rules: readonly InputRule[];
  readonly logitsAre: LogitsKind;
  /** Inputs and outputs that are fed and read by name, such as state: they stay as they are. */
  readonly given: { readonly inputs: ReadonlySet<string>; readonly outputs: ReadonlySet<string> };
}

export interface BoundInput {
  readonly name: string;
  readonly kind: InputKind;
  readonly by: 'name' | InputRule['by'];
}

export interface BoundModel {
  /** The file itself where nothing had to be bound. */
  readonly model: Uint8Array;
  /** Names of the ports of `model`. */
  readonly tokens: string;
  readonly logits: string;
  /** The same ports as the file names them. */
  readonly tokensInput: string;
  readonly logitsOutput: string;
  /** Inputs that nodes of `model` now compute, in the order of the file. */
  readonly inputs: readonly BoundInput[];
  /** What was decided without being asked for, a sentence each. */
  readonly notes: readonly string[];
}

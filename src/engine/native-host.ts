/**
 * Where the graphs of a native engine run: the CPU, or one GPU. One interface, so that what runs two
 * graphs is written once.
 */
import type { BpbError } from '../errors.js';
import type { NativeAddon, NativeSession, NativeStatePorts } from './addon.js';
import type { Opened } from './open-graph.js';
import type { Signature } from './signature.js';
import type { EngineInfo } from './types.js';

export interface HostedGraph {
  readonly model: Uint8Array;
  /** For messages. */
  readonly path: string;
  /** Empty where the graph has no such port. */
  readonly tokens: string;
  readonly logits: string;
  /** Input of the positions whose logits are wanted; absent where there is none. */
  readonly positions?: string;
  readonly state?: NativeStatePorts;
}

export interface NativeHost {
  readonly addon: NativeAddon;
  /** @throws BpbError */
  open(graph: HostedGraph): Promise<Opened<NativeSession>>;
  /** The addon's error about the graph at `path`, told for people. */
  tell(error: unknown, path: string): BpbError;
  info(session: NativeSession, signature: Signature): EngineInfo;
}

/**
 * Interface of the two hosts of a native engine's sessions: the CPU, and one GPU.
 */
import type { BpbError } from '../errors.js';
import type { NativeAddon, NativeGraph, NativeSession } from './addon.js';
import type { Opened } from './open-graph.js';
import type { Signature } from './signature.js';
import type { EngineInfo, GraphOptions } from './types.js';

/** A graph to open; its `path` is for messages. */
export type HostedGraph = NativeGraph & Pick<GraphOptions, 'path'>;

export interface NativeHost {
  readonly addon: NativeAddon;
  /** @throws BpbError */
  open(graph: HostedGraph): Promise<Opened<NativeSession>>;
  /** The addon's error about the graph at `path` as a BpbError. */
  toBpbError(error: unknown, path: string): BpbError;
  info(session: NativeSession, signature: Signature): EngineInfo;
}

/**
 * The addon for tests: they are of no use without it, so its absence fails them.
 */

import { loadAddon, type NativeAddon } from '#bpb/engine/addon';

export function requireAddon(): NativeAddon {
  const result = loadAddon();
  if ('reason' in result) throw new Error(result.reason);
  return result.addon;
}

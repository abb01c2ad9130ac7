/** Reads what `node --cpu-prof` left behind. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const FUNCTIONS = 14;
/** Waiting is no cost. */
const IDLE = new Set(['(idle)', '(root)']);

/**
 * Nanoseconds by function of each thread, most first.
 *
 * @param folder holds one profile a thread
 */
export function costs(folder) {
  const profiles = readdirSync(folder).map((file) => {
    const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(join(folder, file), 'utf8'));
    const byId = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
    const ns = new Map();
    samples.forEach((id, k) => {
      const frame = byId.get(id);
      if (IDLE.has(frame.functionName)) return;
      const name = nameOf(frame);
      ns.set(name, (ns.get(name) ?? 0) + 1000 * timeDeltas[k]);
    });
    const urls = nodes.map(({ callFrame }) => callFrame.url);
    return {
      thread: urls.some((url) => url.endsWith('null-worker.mjs')) ? 'worker' : 'main thread',
      functions: [...ns]
        .sort((a, b) => b[1] - a[1])
        .slice(0, FUNCTIONS)
        .map(([name, spent]) => ({ name, ns: spent })),
    };
  });
  return profiles.sort((a, b) => (a.thread < b.thread ? -1 : 1));
}

function nameOf({ functionName, url, lineNumber }) {
  const file = /(?:dist|bench|node_modules)\/(.*)$/.exec(url)?.[1];
  const name = functionName || '(anonymous)';
  return file === undefined ? name : `${name} ${file}:${lineNumber + 1}`;
}

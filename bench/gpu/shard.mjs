/**
 * Writes the token streams of a shape, and prints their paths, one a line: chunk, sliding.
 *
 *   node bench/gpu/shard.mjs MODELS SHAPE
 */
import { shard } from './models.mjs';

const [folder, shape] = process.argv.slice(2);
for (const window of ['chunk', 'sliding']) console.log(await shard(folder, shape, window));

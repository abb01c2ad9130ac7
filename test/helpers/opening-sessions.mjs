/** Opens sessions of a rewritten model at once, with the runtime loaded before; prints `opened`. */
import { readFileSync } from 'node:fs';
import { deserialize } from 'node:v8';
import { createEngine } from '../../dist/engine/create.js';

const { rewritten, plain } = deserialize(readFileSync(process.argv[2]));
const open = (options) => createEngine('onnx-cpu', options);
const first = await open(plain);
const opened = await Promise.all(Array.from({ length: 150 }, () => open(rewritten)));
await Promise.all([first, ...opened].map(({ engine }) => engine.close()));
console.log('opened');

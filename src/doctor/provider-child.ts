/**
 * Child process that loads the CUDA provider in one form and prints `answer:` with the reason, if
 * any.
 *
 * Arguments: path of libonnxruntime, `classic` or `plugin`.
 */

import { writeSync } from 'node:fs';
import type { ProviderForm } from '../engine/addon.js';
import { requireAddon } from '../engine/native-session.js';

const [, , runtime, form] = process.argv;
const reason = requireAddon('onnx-cuda').provider(runtime!, form as ProviderForm);
writeSync(1, `answer:${reason}\n`);

/**
 * The onnx-cuda engine on a GPU. Without one every test here is skipped by name; what can be tested
 * without is in test/engine/30 and test/score/40.
 */
import { fileURLToPath } from 'node:url';
import { describe, test } from 'vitest';
import { noGpu, ortLib } from '../helpers/gpu.js';
import { checks } from './checks/index.js';

const sotu = fileURLToPath(new URL('../../models/sotu-8x256', import.meta.url));

describe.skipIf(noGpu !== '')(`on a GPU${noGpu && ` (skipped: ${noGpu})`}`, () => {
  test.each(checks)('$name', ({ run }) => run({ ortLib, sotu, values: (judge) => judge() }));
});

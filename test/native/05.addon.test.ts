/** An addon that is missing, or built of other sources: not used, with a reason. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { addonAt } from '#bpb/engine/addon';
import { temporaryFolder } from '../helpers/folder.js';

test.each([
  ['none', null, 'is not built'],
  ['no library', 'hello', 'does not load'],
  ['an older build, without a number', 'module.exports = { open() {} }', 'of other sources'],
  ['another number', 'module.exports = { abi: 1 }', 'of other sources'],
])('%s', (_, content, reason) => {
  const path = join(temporaryFolder(), 'bpb.cjs');
  if (content !== null) writeFileSync(path, content);
  expect(addonAt(path)).toEqual({ reason: expect.stringContaining(reason) });
});

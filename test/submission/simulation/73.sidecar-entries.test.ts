/** Entries of the sidecar that a script changes before it adds them up. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { simulate } from '#bpb/submission/simulation/index';
import { auditSourceText } from '#bpb/submission/source/audit';

const RIGHT = readFileSync(join(import.meta.dirname, '../corpus/right/sidecar_switch.py'), 'utf8');
const USED = 'byte_sum += sidecar[at].sum().item()';

const checks = async (text: string) =>
  (await auditSourceText(text, 'eval.py', simulate)).findings.map(
    ({ check, severity }) => `${check} ${severity}`,
  );

test('are right as they are', async () => {
  expect(RIGHT).toContain(USED);
  expect(await checks(RIGHT)).toEqual([]);
});

test.each([
  ['the larger of entry and table', 'torch.maximum(sidecar[at], base[y] + lead[y] * text[x])'],
  ['at least one byte each', 'torch.clamp(sidecar[at], min=1)'],
])('are wrong bytes as %s', async (_name, bytes) => {
  const text = RIGHT.replace(USED, `byte_sum += ${bytes}.sum().item()`);
  expect((await checks(text)).join()).toMatch(/(lut-for-caseops|wrong-bytes|control-pieces) fail/);
});

/** A sidecar that is longer than the tokens: scripts that refuse it, and those that take it. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { simulate } from '#bpb/submission/simulation/index';
import { auditSource } from '#bpb/submission/source/audit';
import { CORPUS } from './corpus/corpus.js';

const found = async (file: string) => {
  const { findings, parts } = await auditSource(join(CORPUS, file), simulate);
  const sidecar = parts.find(({ part }) => part === 'sidecar')!;
  return [findings.map(({ check, severity }) => `${check} ${severity}`), sidecar.verdict];
};

test.each(['defect/sidecar_length_less.py', 'defect/sidecar_length_at_least.py'])(
  '%s takes it',
  async (file) => {
    expect(await found(file)).toEqual([['sidecar-length warn'], 'warn']);
  },
);

test.each(['right/sidecar_beside_each.py', 'right/min_sidecar.py', 'right/sidecar_switch.py'])(
  '%s refuses it, or has no use for the rest',
  async (file) => {
    expect(await found(file)).toEqual([[], 'pass']);
  },
);

test('bytes of which no count says the target are right where their total is', async () => {
  const { findings, parts } = await auditSource(join(CORPUS, 'right/plain_python.py'), simulate);
  expect(findings).toEqual([]);
  expect(parts.map(({ verdict }) => verdict)).toEqual(['pass', 'pass', 'pass', 'pass', 'pass']);
});

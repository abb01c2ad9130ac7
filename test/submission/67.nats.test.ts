/** What a script's model adds to its losses in evaluation, and limits before a figure that is not followed. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { simulate } from '#bpb/submission/simulation/index';
import { auditSourceText } from '#bpb/submission/source/audit';
import { CORPUS } from './corpus/corpus.js';

const findings = async (text: string) => {
  const audit = await auditSourceText(text, 'train_gpt.py', simulate);
  return audit.findings.map(({ check, severity, line }) => `${check} ${severity} ${line}`);
};

const read = (file: string) => readFileSync(join(CORPUS, file), 'utf8');

/** The script of the corpus with other lines in the place of one, which stands in it once. */
function changed(file: string, line: string, instead: string): string {
  const parts = read(file).split(line);
  expect(parts).toHaveLength(2);
  return parts.join(instead);
}

const lineOf = (text: string, part: string) => text.slice(0, text.indexOf(part)).split('\n').length;

describe('what the model adds to its losses', () => {
  const RIGHT = 'right/zloss_training_only.py';
  const LOSS = '        loss = (log_z - picked).mean()\n';

  test.each([
    ['entropy of the logits', 'loss = loss + 0.01 * (logits.softmax(-1) * log_z[:, None]).mean()'],
    ['in place', 'loss += 1e-4 * log_z.square().mean()'],
    ['taken off', 'loss = loss - 0.001 * torch.sigmoid(logits).mean()'],
    ['scaled by a method', 'loss = log_z.pow(2).mean().mul(1e-4) + loss'],
    ['of the hidden state', 'loss = loss + 1e-6 * h.norm()'],
  ])('%s', async (_, statement) => {
    const text = changed(RIGHT, LOSS, `${LOSS}        ${statement}\n`);
    expect(await findings(text)).toEqual([`loss-not-nats warn ${lineOf(text, statement)}`]);
  });

  test.each([
    ['nothing', ''],
    ['a weight of 0', 'loss = loss + 0.0 * log_z.pow(2).mean()'],
    ['only with gradients', 'loss = loss + (1e-4 * log_z.mean() if self.training else 0.0)'],
    ['beside the loss', 'self.seen = loss + 1e-4 * log_z.mean()'],
    [
      'the normaliser in two steps',
      'top = logits.max(-1).values; loss = (top - picked + (logits - top[:, None]).exp().sum(-1).log()).mean()',
    ],
    ['means of the normaliser and of the logits', 'loss = -picked.mean() + log_z.mean()'],
    ['the same from the left', 'loss = log_z.mean() - picked.mean()'],
    [
      'losses of another half that are not followed',
      'loss = nn.functional.cross_entropy(logits[:40], targets[:40], reduction="sum") + kernels.fused(h[40:], targets[40:])',
    ],
    [
      'losses of the first half that are not followed',
      'loss = kernels.fused(h[:40], targets[:40]) + nn.functional.cross_entropy(logits[40:], targets[40:], reduction="sum")',
    ],
  ])('%s is no finding', async (_, statement) => {
    const text = changed(RIGHT, LOSS, `${LOSS}        ${statement}\n`);
    expect((await findings(text)).filter((one) => one.startsWith('loss-not-nats'))).toEqual([]);
  });

  test.each([
    ['0.05', 'fail'],
    ['1e-4', 'warn'],
  ])('labels smoothed by %s', async (share, severity) => {
    const file = 'defect/smoothing_in_evaluation.py';
    const text = changed(
      file,
      'label_smoothing=0.1, reduction',
      `label_smoothing=${share}, reduction`,
    );
    const line = lineOf(text, '        nats += eval_criterion');
    expect(await findings(text)).toEqual([`loss-not-nats ${severity} ${line}`]);
  });

  test('smoothing in training alone, by the flag of the model', async () => {
    const smoothed = '(logits, targets, label_smoothing=0.1 if self.training else 0.0)';
    const text = changed(RIGHT, LOSS, `        loss = nn.functional.cross_entropy${smoothed}\n`);
    expect(await findings(text)).toEqual([]);
  });
});

describe('a limit before a figure that is not followed', () => {
  const script = (limit: string, printed: string) => `
import numpy as np, torch
def main():
    tokens = torch.from_numpy(np.fromfile("data/fineweb_val_sp1024.bin", "<u2", offset=1024).astype(np.int64))
    rows = ${limit}
    bits = 0.0
    for i in range(rows):
        x = tokens[i * 1024 : (i + 1) * 1024]
        noise = torch.rand_like(x.float())
        bits += score(x, noise)
    bpb = bits / (rows * 1024)
${printed}
main()
`;
  const ALL = '(len(tokens) - 1) // 1024';
  const PRINTED = '    print(f"bpb: {bpb:.4f}")';

  test.each([
    ['a minimum', `min(500, ${ALL})`],
    ['with a name', `min(${ALL}, int(500))`],
  ])('%s, in the call that prints it', async (_, limit) => {
    expect(await findings(script(limit, PRINTED))).toEqual(['truncated-set warn 5']);
  });

  test('none without a limit, none of a limit elsewhere, none without a figure', async () => {
    expect(await findings(script(ALL, PRINTED))).toEqual([]);
    const elsewhere =
      '    return bpb\ndef show():\n    print(f"bpb: {main():.4f}")\nshow()\nmain = lambda: 0';
    expect(await findings(script(`min(500, ${ALL})`, elsewhere))).toEqual([]);
    expect(await findings(script(`min(500, ${ALL})`, '    return bpb'))).toEqual([]);
  });
});

/** Which of the numbers in a text is bits per byte. */
import { expect, test } from 'vitest';
import { isScoreLabel } from '#bpb/submission/simulation/labels';

test.each([
  ['val_bpb:', ''],
  ['val_loss 0 val_bpb ', ' step {'],
  ['val_loss %.4f val_bpb ', ''],
  ['bits per byte = ', ''],
  ['sliding_bpb | ', ''],
  ['final: ', ' bpb'],
  ['', ' bits/byte, {'],
  ['at ', ' bits per byte after {'],
  ['', ' (bpb)'],
])('after %j and before %j it is', (before, after) => {
  expect(isScoreLabel(before, after)).toBe(true);
});

test.each([
  ['val_loss:', ' val_bpb:{'],
  ['loss ', ' bpb {'],
  ['0 bits per byte, ', ' nats'],
  ['{:.4f} bpb; ', ''],
  ['val_bpb:0 val_loss:', ''],
  ['', ' of {'],
  ['', ' val_bpb=%.4f'],
])('after %j and before %j it is not', (before, after) => {
  expect(isScoreLabel(before, after)).toBe(false);
});

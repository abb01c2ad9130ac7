/**
 * Flags of an audit, checked against each other.
 */
import { usageError } from '../../errors.js';
import type { AuditOptions } from '../audit-options.js';

const nothing = () =>
  usageError('BPB_USAGE_AUDIT', {
    message: 'there is nothing to audit',
    path: 'tokenizer',
    expected: 'a tokenizer, or --source with a script',
    actual: 'neither',
  });

/** @throws BPB_USAGE_AUDIT for options that need others which are not given */
export function checkAuditFlags(options: AuditOptions): void {
  const { tokenizer, source, data, sidecar, trainData, bytesPerToken, docs, lut, documentStart } =
    options;
  const needs = (flag: string, missing: string) =>
    usageError('BPB_USAGE_AUDIT', {
      message: `${flag} needs ${missing}`,
      path: flag,
      expected: `${flag} together with ${missing}`,
      actual: `${flag} alone`,
    });
  if (tokenizer === undefined) {
    const flags = {
      '--docs': docs,
      '--data': data,
      '--lut': lut,
      '--document-start': documentStart,
    };
    const flag = Object.entries(flags).find(([, value]) => value !== undefined)?.[0];
    if (flag !== undefined) throw needs(flag, 'a tokenizer');
    if (source === undefined) throw nothing();
  }
  if (sidecar !== undefined && data === undefined) throw needs('--sidecar', '--data');
  if (trainData !== undefined && data === undefined) throw needs('--train-data', '--data');
  if (bytesPerToken === undefined) return;
  if (data === undefined && docs === undefined)
    throw needs('--bytes-per-token', '--docs or --data');
  if (Number.isFinite(bytesPerToken) && bytesPerToken > 0) return;
  throw usageError('BPB_USAGE_AUDIT', {
    message: '--bytes-per-token is not a quotient of bytes and tokens',
    path: '--bytes-per-token',
    expected: 'a positive number, such as 3.7266',
    actual: String(bytesPerToken),
  });
}

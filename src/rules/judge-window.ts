/**
 * Judgement of the windows and of what begins a document.
 */
import { allows, allowsInteger, integersText, orText } from './allowed.js';
import type { RunFacts } from './facts.js';
import { NONE, type Rules } from './schema.js';
import { type RuleVerdict, verdict } from './verdict.js';

export function judgeWindow(rules: Rules, { window, tokenizer }: RunFacts): RuleVerdict[] {
  const { mode, seqLen, stride, tail, compat } = window;
  const allowed = rules.windows ?? {};
  const verdicts: RuleVerdict[] = [];
  if (allowed.modes !== undefined) {
    verdicts.push(verdict('window', allows(allowed.modes, mode), orText(allowed.modes), mode));
  }
  if (allowed.seqLen !== undefined) {
    const expected = `rows of ${integersText(allowed.seqLen)}`;
    const holds = allowsInteger(allowed.seqLen, seqLen);
    verdicts.push(verdict('seq-len', holds, expected, `rows of ${seqLen}`));
  }
  if (allowed.stride !== undefined) {
    // Chunks have none; whole rows of documents have that of their length.
    const holds = mode === 'chunk' || allowsInteger(allowed.stride, stride ?? seqLen);
    const found = mode === 'chunk' ? 'chunks, without one' : strideText(stride, seqLen);
    verdicts.push(verdict('stride', holds, `stride ${integersText(allowed.stride)}`, found));
  }
  if (allowed.tail !== undefined) {
    const holds = mode === 'document' || allows(allowed.tail, tail);
    const found = mode === 'document' ? 'documents, which have none' : tail;
    verdicts.push(verdict('tail', holds, orText(allowed.tail), found));
  }
  if (allowed.compat !== undefined) {
    const holds = allows<string>(allowed.compat, compat ?? NONE);
    verdicts.push(verdict('compat', holds, orText(allowed.compat), compat ?? NONE));
  }
  if (rules.documentStart !== undefined) {
    verdicts.push(judgeStart(rules.documentStart, tokenizer));
  }
  return verdicts;
}

function strideText(stride: number | null, seqLen: number): string {
  return stride === null ? `whole rows, stride ${seqLen}` : `stride ${stride}`;
}

function judgeStart(
  allowed: NonNullable<Rules['documentStart']>,
  { document_start: start, bos }: RunFacts['tokenizer'],
): RuleVerdict {
  const isBos = start !== null && start === bos;
  const holds = (isBos && allowed.includes('bos')) || (start !== null && allowed.includes(start));
  const words = { none: 'no id between documents' } as Readonly<Record<string, string>>;
  const found = start === null ? 'nothing that begins documents' : (words[start] ?? `id ${start}`);
  const own = isBos ? ', the own BOS' : '';
  return verdict('document-start', holds, orText(allowed), `${found}${own}`);
}

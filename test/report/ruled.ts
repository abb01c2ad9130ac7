/** Who decided the settings of a result, and the rules that judged it, of which one is broken. */
import type { ScoreResult } from '#bpb/score/result';

export function ruledBy(name: string, sha256: string): Pick<ScoreResult, 'decided_by' | 'rules'> {
  return {
    decided_by: { data: 'caller', tokenizer: 'artifact', window: 'rules', stride: 'default' },
    rules: {
      name,
      version: 'bpb-rules/1',
      sha256,
      verdicts: [
        { rule: 'window', verdict: 'pass', expected: 'chunk', found: 'chunk' },
        { rule: 'size', verdict: 'fail', expected: 'at most 1,000 bytes', found: name },
      ],
    },
  };
}

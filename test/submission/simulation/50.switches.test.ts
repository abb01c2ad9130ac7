/**
 * Evaluations that a script does not reach by its default settings: which settings lead to them, and what is said of
 * them.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { simulate } from '#bpb/submission/simulation/index';
import { switchesOf } from '#bpb/submission/simulation/switches';
import { auditSourceText } from '#bpb/submission/source/audit';
import { parsePython } from '#bpb/submission/source/nodes';
import { CORPUS } from '../corpus/corpus.js';

const EVALUATION = 'def evaluate(x):\n    loss = f(x)\n    return loss / bytes_of(x)\n\n\n';

function found(
  text: string,
  settings: Record<string, number>,
  reached: readonly string[] = ['<module>', 'main'],
) {
  const source = parsePython(text, 'train.py');
  const numbers = new Map(Object.entries(settings));
  return switchesOf([{ source, layer: 0 }], numbers, new Set(reached), 8).map(
    ({ words, functions, instead }) => [words, functions.join(), Object.fromEntries(instead)],
  );
}

const main = (...lines: string[]) =>
  `${EVALUATION}def main():\n${lines.map((line) => `    ${line}\n`).join('')}`;

describe('settings that lead to an evaluation', () => {
  test('a flag that is off, a stride of 0, a flag that is on under `not` or `else`', () => {
    expect(found(main('if args.ttt_enabled:', '    evaluate(1)'), { TTT_ENABLED: 0 })).toEqual([
      ['TTT_ENABLED=1', 'evaluate', { TTT_ENABLED: 1 }],
    ]);
    const stride = main('if args.eval_stride > 0 and on:', '    return evaluate(1)');
    expect(found(stride, { EVAL_STRIDE: 0, eval_stride: 0, on: 1 })).toEqual([
      ['EVAL_STRIDE above 0', 'evaluate', { EVAL_STRIDE: 8, eval_stride: 8 }],
    ]);
    const off = [['FAST=0', 'evaluate', { FAST: 0 }]];
    expect(found(main('if not fast:', '    evaluate(1)'), { FAST: 1 })).toEqual(off);
    expect(found(main('if fast == 0:', '    evaluate(1)'), { FAST: 1 })).toEqual(off);
    const other = main('if fast:', '    pass', 'else:', '    evaluate(1)');
    expect(found(other, { FAST: 1 })).toEqual(off);
  });

  test('guards of callers and of a function that is handed on; names that a switch is assigned to', () => {
    const text = main('use = flag("SLIDING")', 'if use:', '    run(evaluate)');
    expect(found(text, { SLIDING: 0 })).toEqual([['SLIDING=1', 'evaluate', { SLIDING: 1 }]]);
    const called = `${EVALUATION}def ttt():\n    if A:\n        evaluate(1)\n\n\ndef main():\n    if B:\n        ttt()\n`;
    expect(found(called, { A: 0, B: 0 })).toEqual([['B=1, A=1', 'evaluate', { B: 1, A: 1 }]]);
  });

  test('none for what is reached, what no setting guards, and what is never called', () => {
    const text = main('if args.ttt_enabled:', '    evaluate(1)');
    expect(found(text, { TTT_ENABLED: 0 }, ['main', 'evaluate'])).toEqual([]);
    expect(found(text, { TTT_ENABLED: 1 })).toEqual([]);
    expect(found(text, { OTHER: 0 })).toEqual([]);
    expect(found(EVALUATION, { TTT_ENABLED: 0 })).toEqual([]);
    expect(found(main('if a:', '    pass', 'elif b:', '    evaluate(1)'), { a: 0, b: 1 })).toEqual(
      [],
    );
  });

  test('functions that call each other, and a deep nest of conditions, end', () => {
    const mutual = `${EVALUATION}def a():\n    if X:\n        b(); b(); evaluate(1)\n\n\ndef b():\n    if Y:\n        a(); a()\n`;
    expect(found(mutual, { X: 0, Y: 0 }).length).toBeLessThanOrEqual(3);
    const nest = Array.from({ length: 60 }, (_, i) => `${' '.repeat(i)}if F${i}:`);
    const deep = main(...nest, `${' '.repeat(60)}evaluate(1)`);
    const settings = Object.fromEntries(nest.map((_, i) => [`F${i}`, 0]));
    expect(Object.keys(found(deep, settings)[0]![2] as object)).toHaveLength(60);
  });
});

describe('a script with an evaluation that is off by default', () => {
  const FLAT = readFileSync(join(CORPUS, 'right/chunk_flat.py'), 'utf8');
  const [BEFORE] = FLAT.split('n_rows = ');
  const ROWS = `
    nats, total_bytes = 0.0, 0
    for row in range(first, (len(tokens) - 1) // T):
        x, y = tokens[row * T : (row + 1) * T], tokens[row * T + 1 : (row + 1) * T + 1]
        nats -= torch.log_softmax(table[x], dim=-1).gather(1, y[:, None]).sum().item()
        total_bytes += int(nbytes[y].sum() + (leads[y] & ~special[x]).sum())
    return nats / math.log(2) / total_bytes
`;
  const judged = async (first: number, condition: string) => {
    const text = `${BEFORE}
def evaluate(first=0):${ROWS}

def evaluate_again(first=${first}):${ROWS}

print("val_bpb:", evaluate())
${condition}
    print("again val_bpb:", evaluate_again())
`;
    const { parts, findings } = await auditSourceText(text, 'train.py', simulate);
    return {
      verdicts: parts.map(({ verdict }) => verdict).join(' '),
      reason: parts[2]!.reason,
      findings: findings.flatMap(({ check, severity }) =>
        severity === 'info' ? [] : [`${severity} ${check}`],
      ),
    };
  };
  const SWITCH = 'if bool(int(os.environ.get("SECOND", "0"))):';

  test('its defect is a warning that names the setting', async () => {
    const { verdicts, reason, findings } = await judged(1, SWITCH);
    expect(verdicts).toBe('pass pass warn pass pass');
    expect(findings).toEqual(['warn head-not-scored']);
    expect(reason).toMatch(
      /never scored\. Not reached by the default settings, but with SECOND=1\.$/,
    );
  });

  test('without a defect it changes nothing', async () => {
    const { verdicts, findings } = await judged(0, SWITCH);
    expect([verdicts, findings]).toEqual(['pass pass pass pass pass', []]);
  });

  test('what is reached by default is judged as ever', async () => {
    const { verdicts, reason } = await judged(1, 'if True:');
    expect(verdicts).toMatch(/^pass pass (warn|fail) pass pass$/);
    expect(reason).not.toMatch(/default/);
  });
});

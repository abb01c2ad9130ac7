/** Stated limits are tried out with smaller numbers: those that cut the last result, and those that do not. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { simulate } from '#bpb/submission/simulation/index';
import { auditSourceText } from '#bpb/submission/source/audit';
import { CORPUS } from '../corpus/corpus.js';

const LIMITED = readFileSync(join(CORPUS, 'defect/docs_limit.py'), 'utf8');
const LINE = '    docs = find_docs(tokens)[:10_000]\n';

async function found(...lines: string[]) {
  const text = LIMITED.replace(LINE, lines.map((line) => `    ${line}\n`).join(''));
  const { parts, findings } = await auditSourceText(text, 'train.py', simulate);
  const grave = findings.filter(({ severity }) => severity !== 'info');
  return [parts[2]!.verdict, ...grave.map(({ check, severity }) => `${check} ${severity}`)];
}

const CUT = ['fail', 'truncated-set fail'];

test('a number of documents that are scored, where it is used or as a setting', async () => {
  expect(LIMITED).toContain(LINE);
  expect(await found('docs = find_docs(tokens)[:10_000]')).toEqual(CUT);
  const setting = 'most = int(os.environ.get("MAX_DOCS", 10_000))';
  const list = 'docs = find_docs(tokens)';
  expect(await found(setting, list, 'docs = docs[: min(len(docs), most)]')).toEqual(CUT);
});

test('a number of documents that are read before all are scored', async () => {
  const read = 'seen = [tokens[a:b].numel() for a, b in first]';
  const list = 'docs = find_docs(tokens)';
  expect(await found(list, 'first = docs[:2_000]', read)).toEqual(['pass']);
  const setting = 'most = int(os.environ.get("PREFIX_DOCS", 2_000))';
  const min = 'first = docs[: max(0, min(len(docs), most))]';
  expect(await found(setting, list, min, read)).toEqual(['pass']);
});

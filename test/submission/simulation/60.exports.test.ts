/**
 * Preparations of data: what they write is compared with the tokens and bytes of the documents.
 */
import { describe, expect, test } from 'vitest';
import { simulate } from '#bpb/submission/simulation/index';
import { auditSourceText } from '#bpb/submission/source/audit';

const PREPARATION = `import json, os
import numpy as np
import sentencepiece as spm
sp = spm.SentencePieceProcessor(model_file="data/fineweb_1024_bpe.model")
SHARD = int(os.environ.get("SHARD", 1000))
VAL_DOCS = int(os.environ.get("VAL_DOCS", 50_000))
def write(kind, index, values):
    header = np.zeros(256, dtype=np.int32)
    header[:3] = 20240520, 1, len(values)
    with open(f"out/fineweb_{kind}_{index:06d}.bin", "wb") as f:
        f.write(header.tobytes())
        f.write(np.array(values, dtype=np.uint16).tobytes())
def size_of(k, ids):
    if sp.is_byte(ids[k]):
        return 1
    piece = sp.id_to_piece(ids[k])
    led = piece.startswith("▁")
    return len(piece[led:].encode()) + int(led and k > 0)
os.makedirs("out", exist_ok=True)
tokens, sizes, index = [], [], 0
for n, line in enumerate(open("data/docs_selected.jsonl", encoding="utf-8")):
    if n >= VAL_DOCS:
        break
    ids = sp.encode(json.loads(line)["text"])
    tokens += [1] + ids
    sizes += [0] + [size_of(k, ids) for k in range(len(ids))]
    while len(tokens) >= SHARD:
        write("val", index, tokens[:SHARD])
        write("val_bytes", index, sizes[:SHARD])
        tokens, sizes, index = tokens[SHARD:], sizes[SHARD:], index + 1
write("val", index, tokens)
write("val_bytes", index, sizes)
`;

const judged = async (text: string) => {
  const { findings, parts } = await auditSourceText(text, 'prepare.py', simulate);
  return {
    findings: findings.map(({ check, severity }) => `${check} ${severity}`),
    passed: parts.flatMap(({ part, verdict }) => (verdict === 'pass' ? [part] : [])),
  };
};

describe('a preparation of data', () => {
  test('that writes every token and its bytes', async () => {
    expect(await judged(PREPARATION)).toEqual({
      findings: [],
      passed: ['table', 'coverage', 'sidecar'],
    });
  });

  test.each([
    ['50_000', '10_000', 'truncated-set fail'],
    ['["text"])\n', '["text"])[:60]\n', 'truncated-set fail'],
    ['tokens[SHARD:], sizes', '[], sizes', 'truncated-set fail'],
    ['\nwrite("val", index, tokens)\nwrite("val_bytes", index, sizes)', '', 'tail-not-scored warn'],
    ['sizes += [0] +', 'sizes +=', 'sidecar-length fail'],
    ['len(piece[led:].encode())', 'len(piece[led:])', 'wrong-bytes fail'],
    ['int(led and k > 0)', 'int(led)', 'wrong-bytes'],
  ])('%s in place of %s is found', async (right, wrong, finding) => {
    expect(PREPARATION).toContain(right);
    const { findings } = await judged(PREPARATION.replace(right, wrong));
    expect(findings.join()).toContain(finding);
  });

  test('of which only the shards’ length is stated passes', async () => {
    const { findings } = await judged(PREPARATION.replace('1000', '20_000'));
    expect(findings).toEqual([]);
  });
});

/** Words of lossless_caps: TITLE, ALLCAPS and CAPNEXT in place of capitals. */
const CASED = PREPARATION.replace(
  'def size_of',
  `TITLE, ALLCAPS, CAPNEXT = "\\ue001", "\\ue002", "\\ue003"
def is_letter(c): return c.isascii() and c.isalpha()
def mixed(word):
    rest = "".join((CAPNEXT if c.isupper() else "") + c.lower() for c in word[1:])
    return (TITLE if word[0].isupper() else "") + word[0].lower() + rest
def transformed(text):
    out, i = [], 0
    while i < len(text):
        j = i
        while j < len(text) and is_letter(text[j]): j += 1
        if j == i:
            out.append(text[i])
            i += 1
            continue
        word, i = text[i:j], j
        if word.islower(): out.append(word)
        elif len(word) > 1 and word.isupper(): out.append(ALLCAPS + word.lower())
        else: out.append(mixed(word))
    return "".join(out)
def size_of`,
)
  .replace('json.loads(line)["text"]', 'transformed(json.loads(line)["text"])')
  .replace('    piece =', '    if is_operator(ids[k]): return 0\n    piece =')
  .replace(
    'def size_of',
    'def is_operator(i): return sp.id_to_piece(i) in (TITLE, ALLCAPS, CAPNEXT)\ndef size_of',
  );

describe('a preparation of data that makes capitals operators', () => {
  test('writes tokens without capitals, and the bytes of the documents', async () => {
    const { findings, passed } = await judged(CASED);
    expect(findings).toEqual([]);
    expect(passed).toContain('table');
    expect(passed).toContain('sidecar');
  });

  test('may give an operator the bytes of what follows', async () => {
    const moved = `    own = [size_of(k, ids) for k in range(len(ids))]
    for k in range(len(ids)):
        if is_operator(ids[k]): own[k], own[k + 1] = own[k + 1], 0
    sizes += [0] + own`;
    const { findings } = await judged(CASED.replace(/ {4}sizes .*/, moved));
    expect(findings).toEqual([]);
  });

  test.each([
    ['    if is_operator(ids[k]): return 0\n', '', 'wrong-bytes fail'],
    ['ids[k]): return 0', 'ids[k]): return 1', 'wrong-bytes fail'],
    ['50_000', '10_000', 'truncated-set fail'],
    ['sizes += [0] +', 'sizes +=', 'sidecar-length fail'],
  ])('%s in place of %s is found', async (right, wrong, finding) => {
    expect(CASED).toContain(right);
    const { findings } = await judged(CASED.replace(right, wrong));
    expect(findings.join()).toContain(finding);
  });

  test('is no other text where its operators are others', async () => {
    const { findings } = await judged(CASED.replace('"\\ue001"', '"\\ue000"'));
    expect(findings).toEqual([]);
  });
});

/** What is behind a spelling decides: the same words with another flow of data are no finding. */
import { describe, expect, test } from 'vitest';
import { auditSourceText } from '#bpb/submission/source/audit';
import { LUT, RIGHT, RIGHT_CASEOPS } from './scripts.js';

/** Findings that weigh something, as `check severity`. */
const found = async (source: string) =>
  (await auditSourceText(source)).findings
    .filter(({ severity }) => severity !== 'info')
    .map(({ check, severity }) => `${check} ${severity}`);

const FLUSH = `
SHARD = 10_000_000
val_buf_tokens = []
for text in docs:
    val_buf_tokens.extend([1] + sp.encode(text))
    if len(val_buf_tokens) >= SHARD:
        write(path, np.array(val_buf_tokens[:SHARD]))
        REST
`;

describe('what a slice keeps', () => {
  test.each([
    ['a flush', FLUSH.replace('REST', 'val_buf_tokens = val_buf_tokens[SHARD:]')],
    ['a flush that deletes', FLUSH.replace('REST', 'del val_buf_tokens[:SHARD]')],
    [
      'a flush in two names',
      FLUSH.replace(
        'write(path, np.array(val_buf_tokens[:SHARD]))',
        'val_tokens = val_buf_tokens[:SHARD]',
      ).replace('REST', 'val_buf_tokens = val_buf_tokens[SHARD:]'),
    ],
    ['a batch to compile with', `${RIGHT}\nwarm = model(val_tokens[:1024], val_tokens[1:1025])\n`],
    ['a slice that is printed', `${RIGHT}\nprint(val_tokens[:1000].tolist())\n`],
  ])('%s: all is written or scored', async (_, source) => {
    expect(await found(source)).toEqual([]);
  });

  test.each([
    ['cut for good', `${RIGHT}\nval_tokens = val_tokens[:5_000_000]\n`, 'truncated-set fail'],
    [
      'cut by a constant with a name',
      `${RIGHT}\nLIMIT = 3_000_000\nval_tokens = val_tokens[:LIMIT]\n`,
      'truncated-set fail',
    ],
    [
      'cut where a flag says so',
      `${RIGHT}\nif args.smoke:\n    val_tokens = val_tokens[:5_000_000]\n`,
      'truncated-set warn',
    ],
    [
      'cut for an evaluation',
      `${RIGHT}\nprint(eval_val(model, val_tokens[:500_000], luts))\n`,
      'truncated-set warn',
    ],
  ])('%s', async (_, source, finding) => {
    expect(await found(source)).toEqual([finding]);
  });
});

describe('what a limit is used for', () => {
  const option = 'p.add_argument("--val-tokens", type=int, default=65536)\nargs = p.parse_args()\n';
  test.each([
    ['nothing', 'VAL_DOCS = 10_000\n', []],
    ['the size of a batch', `${option}rows = args.val_tokens // seq_len\n`, ['truncated-set warn']],
    ['a slice', `${option}tokens = load(files)[: args.val_tokens]\n`, ['truncated-set fail']],
    [
      'the smaller of two',
      `${option}n = min(len(tokens), args.val_tokens)\n`,
      ['truncated-set fail'],
    ],
    [
      'a comparison',
      'VAL_DOCS = 10_000\nfor n, d in enumerate(docs):\n    if n >= VAL_DOCS: break\n',
      ['truncated-set fail'],
    ],
    [
      'all documents',
      'VAL_DOCS = 50_000\nfor n, d in enumerate(docs):\n    if n >= VAL_DOCS: break\n',
      [],
    ],
  ])('%s', async (_, source, findings) => {
    expect(await found(source)).toEqual(findings);
  });
});

describe("what a glob's files are used for", () => {
  const SIDECAR =
    'val_bytes = load_shard("fineweb_val_bytes_000000.bin")\nprint(val_bytes.sum())\n';
  test.each([
    ['deleted', 'for old in folder.glob("fineweb_val_*.bin"):\n    old.unlink()\n'],
    [
      'deleted, by a pattern of several',
      'for p in ("fineweb_train_*.bin", "fineweb_val_*.bin"):\n    for old in folder.glob(p):\n        old.unlink()\n',
    ],
    [
      'deleted by os',
      'import glob, os\nfor f in glob.glob(os.path.join(d, "fineweb_val_*.bin")):\n    os.remove(f)\n',
    ],
    ['counted', 'import glob\nprint(len(glob.glob("data/fineweb_val_*.bin")))\n'],
    ['listed', 'import glob\nnames = sorted(glob.glob("data/fineweb_val_*.bin"))\nprint(names)\n'],
    [
      'measured',
      'import glob, os\nsize = sum(os.path.getsize(f) for f in glob.glob("fineweb_val_*.bin"))\nprint(size)\n',
    ],
    ['named in a manifest', 'manifest = {"val": str(out / "fineweb_val_*.bin")}\n'],
    [
      'deleted by a function',
      'def clean(pattern):\n    for f in glob.glob(pattern):\n        os.unlink(f)\nclean("fineweb_val_*.bin")\n',
    ],
  ])('%s: no finding', async (_, source) => {
    expect(await found(SIDECAR + source)).toEqual([]);
  });

  test.each([
    ['loaded', 'tokens = cat([load_shard(f) for f in sorted(glob.glob("fineweb_val_*.bin"))])\n'],
    [
      'loaded in a loop',
      'for f in sorted(glob.glob("fineweb_val_*.bin")):\n    parts.append(np.fromfile(f))\n',
    ],
    [
      'loaded by a function',
      'def tokens(pattern):\n    files = sorted(glob.glob(pattern))\n    return cat([np.memmap(f) for f in files])\nx = tokens("fineweb_val_*.bin")\n',
    ],
    [
      'deleted and loaded',
      'for f in glob.glob("fineweb_val_*.bin"):\n    x = np.fromfile(f)\n    os.remove(f)\n',
    ],
  ])('%s: the sidecar is read as tokens', async (_, source) => {
    expect(await found(SIDECAR + source)).toEqual(['sidecar-glob fail']);
  });

  test('with the sidecars left out', async () => {
    expect(await found(RIGHT_CASEOPS)).toEqual([]);
  });
});

describe('what a division divides', () => {
  test.each([
    [
      'bits to bytes',
      'x_bytes_per_token = bits\nx_bytes_per_token /= 8\nval_bpb = val_loss / math.log(2)\n',
    ],
    [
      'an estimate of the size',
      'BYTES_PER_TOKEN = 3.7\nprint(n_tokens * BYTES_PER_TOKEN / 1e9)\nval_bpb = bits / n_bytes\n',
    ],
    [
      'bytes of a stored token',
      'bytes_per_token = 2\nval_bpb = val_loss / ln2 / ratio\nsize = n * bytes_per_token\n',
    ],
    ['an interval of confidence', 'val_bpb_ci = 2.776 * std / n ** 0.5\n'],
    [
      'a distance from the record',
      'val_bpb = val_loss / ln2 * tokens / n_bytes\nprint(val_bpb - 1.5)\nok_bpb = val_bpb + 2.5 * sd\n',
    ],
    ['a conversion', 'val_bpb = val_loss * 1.4426950408889634 * tokens / n_bytes\n'],
  ])('%s: no constant of bytes', async (_, source) => {
    expect(await found(source)).toEqual([]);
  });

  test.each([
    ['the score', 'BYTES_PER_TOKEN = 3.7\nval_bpb = val_loss / math.log(2) / BYTES_PER_TOKEN\n'],
    [
      'what the score is made of',
      'n_bytes = n_tokens * 3.7\nval_bpb = float(total_nll / math.log(2) / n_bytes)\n',
    ],
  ])('%s', async (_, source) => {
    expect(await found(`import math\n${source}`)).toEqual(['bytes-per-token fail']);
  });
});

describe('what a table measures', () => {
  const sidecar = (body: string) => `def sizes(sp, text):
    ids = sp.encode(text, out_type=int)
    pieces = [sp.id_to_piece(i) for i in ids]
    out = np.empty(len(ids))
    for k, piece in enumerate(pieces):
        ${body}
    return out
`;
  test.each([
    ['the length of an array', sidecar('out[k] = len(decode(text[:k]).encode("utf-8"))')],
    ['a stretch of the text', sidecar('out[k] = len(text[at : at + len(piece)].encode())')],
  ])('%s is no table of pieces', async (_, source) => {
    expect(await found(source)).toEqual([]);
  });

  test.each([
    [
      'by a name for the marker',
      LUT.replaceAll('"▁"', 'MARK').replace('import glob', 'MARK = "\\u2581"\nimport glob'),
    ],
    [
      'by a name for the marker that is removed',
      LUT.replace('piece = piece[1:]', 'piece = piece.removeprefix(MARK)').replace(
        'import glob',
        'MARK = "▁"\nimport glob',
      ),
    ],
  ])('stripped %s', async (_, source) => {
    expect(await found(source)).toEqual([]);
  });

  test.each([
    [
      'a part by a method that is not known',
      LUT.replace('piece = piece[1:]', 'piece = piece.partition("▁")[2]'),
    ],
    ['a kind by its number', LUT.replace('if sp.is_byte(i):', 'if 3 <= i < 259:')],
    [
      'a marker taken off as a number',
      LUT.replace('            piece = piece[1:]\n', '').replace(
        'len(piece.encode("utf-8"))',
        'len(piece.encode("utf-8")) - 3 * int(leading[i])',
      ),
    ],
    [
      'a marker of bytes',
      LUT.replace('piece = sp.id_to_piece(i)', 'piece = sp.id_to_piece(i).encode()').replace(
        'startswith("▁")',
        'startswith(b"\\xe2\\x96\\x81")',
      ),
    ],
  ])('%s is nothing that the text shows to be wrong', async (_, source) => {
    expect(source).not.toBe(LUT);
    expect(await found(`${source}\ncounted = base[y] + (leading[y] & ~boundary[x])\n`)).toEqual([]);
  });

  test('a byte-level vocabulary has its own marker', async () => {
    const source =
      'def sizes(tok):\n    return [len(tok.convert_ids_to_tokens(i).removeprefix("Ġ").encode()) for i in range(tok.vocab_size)]\n';
    expect((await found(source)).filter((each) => each.startsWith('lut-marker'))).toEqual([]);
  });
});

describe('what a mean is over', () => {
  const mean = (loop: string) =>
    `bpbs = []\nfor ${loop}:\n    bpbs.append(score(x))\nval_bpb = sum(bpbs) / len(bpbs)\n`;
  test.each(['seed in (1, 2, 3)', 'run in runs', 'path in checkpoints'])('%s', async (loop) => {
    expect(await found(mean(loop))).toEqual([]);
  });
  test.each([
    ['doc in docs', 'fail'],
    ['x, y in batches', 'fail'],
    ['x in things', 'warn'],
  ])('%s', async (loop, severity) => {
    expect(await found(mean(loop))).toEqual([`mean-of-means ${severity}`]);
  });
});

describe('what is fetched', () => {
  test.each([
    'emb = torch.nn.Embedding.from_pretrained(weights)\n',
    'emb = nn.EmbeddingBag.from_pretrained(torch.load("a.pt")["emb"], freeze=True)\n',
  ])('%s is a tensor', async (source) => {
    expect(await found(source)).toEqual([]);
  });
  test('a model by name is', async () => {
    expect(await found('model = AutoModel.from_pretrained("a/b")\n')).toEqual(['network warn']);
  });
});

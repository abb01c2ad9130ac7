/**
 * Ways out for files that hold documents in another form: command lines that convert them.
 */
import { shellWord } from '../../shell-word.js';

/** The way out where a document lacks the field; `other` may hold its text. */
export function textFieldHint(other: string | null): string {
  return other === null
    ? 'Name the field that holds the document: --text-field NAME'
    : `Name the field that holds the document: --text-field ${shellWord(other)}`;
}

/** `name` with another ending, as a word of a command line. */
function renamed(path: string, ending: string): string {
  return shellWord(path.replace(/(\.[A-Za-z0-9]{1,8})?$/, ending));
}

function pandas(path: string, read: string): string {
  const script = `import pandas; pandas.${read}.to_json("docs.jsonl", orient="records", lines=True, force_ascii=False)`;
  return `python3 -c ${shellWord(script)} ${shellWord(path)}`;
}

/** The way out where a line is no JSON: by the file's name and what its first line looks like. */
export function notDocumentsHint(path: string, line: number, raw: string): string {
  const csv = /\.(csv|tsv)$/i.exec(path);
  if (csv !== null) {
    const separator = csv[1]!.toLowerCase() === 'tsv' ? '"\\t"' : '","';
    const read = `read_csv(__import__("sys").argv[1], sep=${separator}, dtype=str, keep_default_na=False)`;
    return `Convert the table: ${pandas(path, read)}`;
  }
  const start = raw.trim();
  if (line === 1 && start === '{') {
    return `Write one object a line: jq -c . ${shellWord(path)} > ${renamed(path, '.jsonl')}`;
  }
  if (/\.(txt|text|md)$/i.test(path)) {
    const out = renamed(path, '.jsonl');
    return `Where each line is a document: jq -Rc '{text: .}' ${shellWord(path)} > ${out}; where the file is one: jq -Rsc '{text: .}' ${shellWord(path)} > ${out}`;
  }
  return 'Documents are JSON Lines, one object with a string field "text" on each line, or one array of them.';
}

const ARROW_SCRIPT =
  'import sys, datasets; datasets.Dataset.from_file(sys.argv[1]).to_json("docs.jsonl", force_ascii=False)';
const RESAVE =
  'import sys, pyarrow.parquet as q; q.write_table(q.read_table(sys.argv[1]), "docs.parquet", compression="zstd")';

/** The way out where a Parquet file is not read: write it again in the usual form. */
export function parquetHint(path: string): string {
  return `Write it again: python3 -c ${shellWord(RESAVE)} ${shellWord(path)}`;
}

/** The way out for a file of a format that `guessContent` names. */
export function foreignHint(path: string, format: string): string {
  const word = shellWord(path);
  const gz = renamed(path, '.jsonl.gz');
  if (format.includes('bzip2')) return `bzip2 -dc ${word} | gzip > ${gz}`;
  if (format.includes('LZ4')) return `lz4 -dc ${word} | gzip > ${gz}`;
  if (format.includes('7z')) return `7z e -so ${word} | gzip > ${gz}`;
  if (/\bzip file/.test(format)) return `unzip -p ${word} | gzip > ${gz}`;
  if (format.includes('tar archive')) {
    return `Unpack it, and give the file of documents: tar -xf ${word}`;
  }
  if (format.includes('Arrow')) {
    return `python3 -c ${shellWord(ARROW_SCRIPT)} ${word}`;
  }
  if (format.includes('token shard')) return `Give shards with --data ${word}`;
  if (/gzip|Zstandard|xz/.test(format)) return 'Take off one of its compressions.';
  return 'Export the documents as JSON Lines: one object with a string field "text" a line.';
}

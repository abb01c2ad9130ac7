/**
 * The columns of a table of claims, by the names that tables give them.
 */

/** What a row is judged by. */
type Column = 'name' | 'valLoss' | 'valBpb' | 'tokens' | 'tokenizer';

/** Names as `plainName` makes them, the first that a table has. */
const NAMES: Readonly<Record<Column, readonly string[]>> = {
  name: ['name', 'run', 'run_name', 'submission', 'id', 'model', 'seed', 'title', 'folder'],
  valLoss: ['val_loss', 'validation_loss', 'mean_val_loss', 'nats', 'nll', 'loss'],
  valBpb: [
    ...['val_bpb', 'mean_val_bpb', 'validation_bpb', 'bpb', 'bits_per_byte'],
    ...['score', 'sliding_bpb', 'final_bpb'],
  ],
  tokens: ['val_tokens', 'tokens', 'targets', 'n_tokens', 'token_count'],
  tokenizer: ['tokenizer', 'tokenizer_family', 'family', 'tokenizer_path', 'vocab', 'vocabulary'],
};

/** Where each column is in a header; absent where the header has none of its names. */
export type Columns = Readonly<Partial<Record<Column, number>>>;

export function columnsOf(header: readonly string[]): Columns {
  const plain = header.map(plainName);
  const found: Partial<Record<Column, number>> = {};
  for (const column of Object.keys(NAMES) as Column[]) {
    const name = NAMES[column].find((each) => plain.includes(each));
    if (name !== undefined) found[column] = plain.indexOf(name);
  }
  return found;
}

const KNOWN = new Set(Object.values(NAMES).flat());

/** What is wrong with a row that has two different values under one name; null for nothing. */
export function contradiction(header: readonly string[], fields: readonly string[]): string | null {
  const values = new Map<string, string>();
  for (const [at, field] of header.entries()) {
    // `val_bpb (mean)` and `val_bpb (std)` are two names.
    const name = field.slice(0, 200).trim().toLowerCase();
    if (!KNOWN.has(plainName(name))) continue;
    const value = fields[at] ?? '';
    const known = values.get(name) ?? value;
    if (known !== value) return `two columns ${name}: ${known} and ${value}`.slice(0, 200);
    values.set(name, value);
  }
  return null;
}

/** Whether a header names scores so. */
export function isBpbColumn(name: string): boolean {
  return NAMES.valBpb.includes(plainName(name));
}

/** `Val BPB (mean)` as `val_bpb`. */
function plainName(name: string): string {
  return name
    .slice(0, 200)
    .replace(/\([^)]*\)|[*`]/g, '')
    .trim()
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '');
}

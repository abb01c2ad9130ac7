/**
 * Contradictions inside rules: what no evaluation could satisfy, or two fields that cannot both be meant.
 */
import { KNOWN_SETS } from '../data/known-sets.js';
import { integersText, leastOf, mostOf, orText } from './allowed.js';
import { type Integers, NONE, type Rules } from './schema.js';

/** What is wrong with a field, and what would be right. */
interface Contradiction {
  readonly field: string;
  readonly message: string;
  readonly expected: string;
  readonly actual: string;
}

/** @returns the first one, or null */
export function contradictionIn(rules: Rules): Contradiction | null {
  return (
    emptyRules(rules) ??
    windowContradiction(rules) ??
    startContradiction(rules) ??
    dataContradiction(rules) ??
    tokenizerContradiction(rules)
  );
}

function emptyRules(rules: Rules): Contradiction | null {
  const said = Object.entries(rules).filter(([, value]) => value !== undefined);
  // The format and the name.
  if (said.length > 2) return null;
  return {
    field: 'the whole file',
    message: 'the rules say nothing: every evaluation would satisfy them',
    expected: 'one of windows, data, tokenizers, size, coverage, required, …',
    actual: 'a name alone',
  };
}

function windowContradiction({ windows }: Rules): Contradiction | null {
  if (windows === undefined) return null;
  const { modes, seqLen, stride, tail, compat } = windows;
  const bounds = boundsContradiction('windows.seqLen', seqLen);
  const strideBounds = bounds ?? boundsContradiction('windows.stride', stride);
  if (strideBounds !== null) return strideBounds;
  if (stride !== undefined && modes?.every((mode) => mode === 'chunk')) {
    return {
      field: 'windows.stride',
      message: 'a stride has no meaning where only chunk windows are allowed',
      expected: 'sliding or document among `windows.modes`, or no stride',
      actual: `stride ${integersText(stride)} with chunk windows`,
    };
  }
  if (stride !== undefined && seqLen !== undefined && leastOf(stride) > mostOf(seqLen)) {
    return {
      field: 'windows.stride',
      message: 'every allowed stride is longer than every allowed row',
      expected: `a stride of at most ${mostOf(seqLen)}, the longest of \`windows.seqLen\``,
      actual: `stride ${integersText(stride)}`,
    };
  }
  if (compat === undefined) return null;
  const historical = compat.filter((each) => each !== NONE);
  const drops = tail === undefined || tail.includes('drop');
  const slides = modes === undefined || modes.includes('sliding');
  if (historical.length > 0 && !(drops && slides)) {
    return {
      field: 'windows.compat',
      message: `${historical[0]} is a sliding evaluator that drops the tail`,
      expected: slides ? '`drop` in `windows.tail`' : '`sliding` in `windows.modes`',
      actual: slides ? `tail ${orText(tail!)}` : `modes ${orText(modes!)}`,
    };
  }
  const onlySliding = modes?.every((mode) => mode === 'sliding') === true;
  if (!compat.includes(NONE) && !onlySliding) {
    return {
      field: 'windows.compat',
      message: `${historical[0]} is asked for of windows that are not sliding, which have no such evaluator`,
      expected: '`none` among `windows.compat`, or `windows.modes` of sliding alone',
      actual: `compat ${orText(compat)}, modes ${modes === undefined ? 'any' : orText(modes)}`,
    };
  }
  return null;
}

function boundsContradiction(field: string, allowed: Integers | undefined): Contradiction | null {
  if (allowed === undefined || Array.isArray(allowed)) return null;
  const { min, max } = allowed;
  if (min === undefined && max === undefined) {
    return {
      field,
      message: 'neither bound is given',
      expected: '`min`, `max` or both, or a list',
      actual: 'an empty object',
    };
  }
  if (min === undefined || max === undefined || min <= max) return null;
  return {
    field,
    message: 'the least is more than the most',
    expected: '`min` of at most `max`',
    actual: `min ${min}, max ${max}`,
  };
}

function startContradiction({ windows, documentStart }: Rules): Contradiction | null {
  const onlyDocument = windows?.modes?.every((mode) => mode === 'document') === true;
  if (!onlyDocument || !documentStart?.every((each) => each === NONE)) return null;
  return {
    field: 'documentStart',
    message: 'document windows begin at the id before each document, and none is allowed',
    expected: '`bos` or an id, or other windows in `windows.modes`',
    actual: NONE,
  };
}

function dataContradiction({ data = [] }: Rules): Contradiction | null {
  for (const [k, { known, ...counts }] of data.entries()) {
    const field = `data.${k}`;
    if (known === undefined) {
      if (Object.values(counts).some((value) => value !== undefined)) continue;
      return {
        field,
        message: 'nothing says what this data is',
        expected: '`known`, `documents`, `tokens`, `bytes`, `shards` or `documentsSha256`',
        actual: 'an empty object',
      };
    }
    const set = KNOWN_SETS.find((each) => each.name === known);
    if (set === undefined) {
      return {
        field: `${field}.known`,
        message: 'there is no known set of this name',
        expected: KNOWN_SETS.map((each) => each.name).join(', '),
        actual: known,
      };
    }
    const { documents, tokens } = counts;
    const otherDocuments =
      documents !== undefined && set.documents !== null && set.documents !== documents;
    const otherTokens =
      tokens !== undefined && set.tokens.length > 0 && !set.tokens.includes(tokens);
    if (!otherDocuments && !otherTokens) continue;
    return {
      field: `${field}.${otherDocuments ? 'documents' : 'tokens'}`,
      message: `the known set ${known} has another count`,
      expected: otherDocuments ? `${set.documents}` : orText(set.tokens),
      actual: `${otherDocuments ? documents : tokens}`,
    };
  }
  return null;
}

function tokenizerContradiction({ tokenizers }: Rules): Contradiction | null {
  if (tokenizers === undefined) return null;
  const { named = [], others } = tokenizers;
  if (named.length === 0 && others === 'refused') {
    return {
      field: 'tokenizers',
      message: 'no tokenizer is allowed',
      expected: '`named` tokenizers, or `others` that documents or a known set confirm',
      actual: 'none named, and others refused',
    };
  }
  for (const [k, { name, sha256 }] of named.entries()) {
    const before = named.slice(0, k);
    const twin = before.find((each) => each.sha256 === sha256 || each.name === name);
    if (twin === undefined) continue;
    return {
      field: `tokenizers.named.${k}`,
      message: 'a tokenizer is named twice',
      expected: 'each name and each sha256 once',
      actual: twin.name === name ? name : `${twin.name} and ${name} with one sha256`,
    };
  }
  return null;
}

/**
 * What rules say of a tokenizer: whether they name it, and whether its normalizer may alter text.
 */
import type { Tokenizer } from '../tokenizer/types.js';
import type { Rules } from './schema.js';

/** The name that rules give a tokenizer by its sha256; null where they do not name it. */
export function nameOfTokenizer(rules: Rules, sha256: string): string | null {
  return rules.tokenizers?.named?.find((each) => each.sha256 === sha256)?.name ?? null;
}

/**
 * Whether the tokenizer may alter text by its character map. A tokenizer without byte fallback also loses
 * characters that it has no piece for, which its character map does not answer for.
 */
function allowsNormalizer(
  rules: Rules,
  { normalizer, byteFallback }: Pick<Tokenizer, 'normalizer' | 'byteFallback'>,
): boolean {
  const sha256 = normalizer?.sha256 ?? null;
  return byteFallback && sha256 !== null && rules.normalizers?.includes(sha256) === true;
}

/** What rules grant a tokenizer in the judgement of a score's bytes. */
export function grantsOf(
  rules: Rules,
  tokenizer: Pick<Tokenizer, 'sha256' | 'normalizer' | 'byteFallback'>,
): { readonly namedByRules: boolean; readonly normalizerAllowed: boolean } {
  return {
    namedByRules: nameOfTokenizer(rules, tokenizer.sha256) !== null,
    normalizerAllowed: allowsNormalizer(rules, tokenizer),
  };
}

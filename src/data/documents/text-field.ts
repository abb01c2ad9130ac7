/**
 * The field of a document that holds its text: looked up by name, and guessed for the refusal.
 */

/** The field where none is named. */
export const DEFAULT_TEXT_FIELD = 'text';

/** Names that published sets of documents use, the most usual first. */
const USUAL = ['text', 'content', 'raw_content', 'document', 'body', 'article', 'passage', 'story'];

interface Field {
  /** The keys from the document to its text. */
  readonly path: readonly string[];
  /** Undefined where there is none. */
  readonly value: unknown;
}

function own(value: unknown, key: string): unknown {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined;
}

/** The field `name`; where no key has that name, `a.b` is the field `b` of the object `a`. */
export function fieldOf(document: unknown, name: string): Field {
  const direct = own(document, name);
  if (direct !== undefined || !name.includes('.')) return { path: [name], value: direct };
  const path = name.split('.');
  return { path, value: path.reduce(own, document) };
}

/** The name of another field that may hold the text: a usual name, or the only string; else null. */
export function otherTextField(document: unknown, name: string): string | null {
  if (typeof document !== 'object' || document === null || Array.isArray(document)) return null;
  const strings = Object.entries(document).flatMap(([key, value]) => {
    if (typeof value === 'string') return [key];
    const inner = USUAL.find((usual) => typeof own(value, usual) === 'string');
    return inner === undefined ? [] : [`${key}.${inner}`];
  });
  const others = strings.filter((key) => key !== name);
  const usual = USUAL.find((key) => others.includes(key));
  return usual ?? (others.length === 1 ? others[0]! : null);
}

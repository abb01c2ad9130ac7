/**
 * Place of the first error of a JSON text, without any of the text: the messages of `JSON.parse` quote
 * it, and differ between versions of Node.
 */

interface JsonError {
  /** Both from 1; the column counts UTF-16 units. */
  readonly line: number;
  readonly column: number;
  /** What was expected there. */
  readonly expected: string;
}

const SPACE = /[ \t\n\r]*/y;
const SCALAR = /(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.+-])/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: a string of JSON has none of them
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"/y;

/** @param text what `JSON.parse` refuses; null for what it does not */
export function findJsonError(text: string): JsonError | null {
  let at = 0;
  const take = (pattern: RegExp): boolean => {
    pattern.lastIndex = at;
    if (!pattern.test(text)) return false;
    at = pattern.lastIndex;
    return true;
  };
  const skip = (mark: string): boolean => {
    take(SPACE);
    if (text[at] !== mark) return false;
    at++;
    return true;
  };
  const failure = (expected: string): JsonError => {
    const before = text.slice(0, at);
    const line = before.split('\n').length;
    return { line, column: at - before.lastIndexOf('\n'), expected };
  };
  const key = (): string | null => {
    take(SPACE);
    if (!take(STRING)) return 'a field in double quotes';
    return skip(':') ? null : 'a colon';
  };

  /** The closing marks of what is open; no recursion, for texts of any depth. */
  const open: ('}' | ']')[] = [];
  for (;;) {
    // A value.
    if (skip('{')) {
      if (!skip('}')) {
        const wrong = key();
        if (wrong !== null) return failure(wrong);
        open.push('}');
        continue;
      }
    } else if (skip('[')) {
      if (!skip(']')) {
        open.push(']');
        continue;
      }
    } else if (!take(SCALAR) && !take(STRING)) return failure('a value');
    // What follows it: the ends of what it closes, then a comma.
    while (open.length > 0 && skip(open.at(-1)!)) open.pop();
    const innermost = open.at(-1);
    if (innermost === undefined) {
      take(SPACE);
      return at === text.length ? null : failure('the end of the text');
    }
    if (!skip(',')) return failure(`a comma or ${innermost}`);
    const wrong = innermost === '}' ? key() : null;
    if (wrong !== null) return failure(wrong);
  }
}

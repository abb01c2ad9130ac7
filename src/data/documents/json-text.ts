/**
 * What `JSON.parse` does not tell of a JSON text: keys that come twice, and Python's NaN and Infinity.
 */

/** Index after the string whose opening quote is at `from`. */
function endOfString(json: string, from: number): number {
  for (let at = from + 1; ; ) {
    const quote = json.indexOf('"', at);
    if (quote === -1) return json.length;
    let escapes = 0;
    while (json[quote - 1 - escapes] === '\\') escapes++;
    if (escapes % 2 === 0) return quote + 1;
    at = quote + 1;
  }
}

/**
 * The text with `1e999`, which JSON.parse takes for Infinity, in place of `NaN`, `Infinity` and
 * `-Infinity`, as Python's json writes them; null where none of them stands outside strings.
 */
export function withoutNonFinite(json: string): string | null {
  if (!json.includes('NaN') && !json.includes('Infinity')) return null;
  const parts: string[] = [];
  let found = false;
  for (let at = 0; at < json.length; ) {
    const quote = json.indexOf('"', at);
    const between = json.slice(at, quote === -1 ? json.length : quote);
    const replaced = between.replace(/\b(?:NaN|Infinity)\b/g, '1e999');
    found ||= replaced !== between;
    parts.push(replaced);
    if (quote === -1) break;
    at = endOfString(json, quote);
    parts.push(json.slice(quote, at));
  }
  return found ? parts.join('') : null;
}

/** True where an object on the way to `path` has the key of `path` twice; `json` is valid. */
export function hasRepeatedKey(json: string, path: readonly string[]): boolean {
  return path.some((key) => mayRepeat(json, key)) && repeats(json, path);
}

/** A cheap test that is never false where the key comes twice. */
function mayRepeat(json: string, key: string): boolean {
  // Escapes can spell any key: those of ASCII letters begin with \u00, the slash has one of its own.
  if (/[^ -.0-~]/.test(key) ? json.includes('\\') : json.includes('\\u00')) return true;
  const spelled = JSON.stringify(key);
  return json.indexOf(spelled, json.indexOf(spelled) + 1) !== -1;
}

const SPACE = /[ \t\r\n]*/y;

function afterSpace(json: string, at: number): number {
  SPACE.lastIndex = at;
  SPACE.test(json);
  return SPACE.lastIndex;
}

function repeats(json: string, path: readonly string[]): boolean {
  // The objects entered on the way: `inside` of them belong to the path, `depth` counts all brackets.
  let inside = 0;
  let depth = 0;
  const seen = path.map(() => false);
  for (let at = 0; at < json.length; ) {
    const character = json[at];
    if (character === '"') {
      const end = endOfString(json, at);
      const colon = afterSpace(json, end);
      const isKey = depth === inside + 1 && json[colon] === ':';
      if (isKey && JSON.parse(json.slice(at, end)) === path[inside]) {
        if (seen[inside]) return true;
        seen[inside] = true;
        const value = afterSpace(json, colon + 1);
        if (inside + 1 < path.length && json[value] === '{') {
          inside++;
          seen[inside] = false;
        }
      }
      at = end;
      continue;
    }
    if (character === '{' || character === '[') depth++;
    if (character === '}' || character === ']') {
      if (inside > 0 && depth === inside + 1) inside--;
      depth--;
    }
    at++;
  }
  return false;
}

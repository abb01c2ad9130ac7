/**
 * Methods of texts.
 */
import { PyBytes } from './bytes.js';
import { lengthOf, pointsOf, TEXT_MAX } from './code-points.js';
import { formatTemplate } from './format-template.js';
import {
  argumentAt,
  collected,
  type Method,
  type MethodTable,
  numberArgument,
  strict,
  textArgument,
} from './methods.js';
import { PyDict } from './object-mappings.js';
import { PyTuple } from './object-sequences.js';
import type { Runtime } from './runtime.js';
import { Unknown, type Value } from './values.js';

/** Characters that Python takes for spaces beside those of JavaScript. */
const FILE_SEPARATORS = String.fromCharCode(0x1c, 0x1d, 0x1e, 0x1f, 0x85);
const SPACE = `[\\s${FILE_SEPARATORS}]`;
const ONE_SPACE = new RegExp(SPACE);
const WORDS = new RegExp(`[^\\s${FILE_SEPARATORS}]+`, 'g');
const LINE_ENDS = new RegExp(
  `\\r\\n|[\\r\\n\\v\\f\u2028\u2029${FILE_SEPARATORS.replace(String.fromCharCode(0x1f), '')}]`,
  'g',
);

function checked(text: string, runtime: Runtime): Value {
  if (text.length > TEXT_MAX) return runtime.unknown('a text that is too long');
  runtime.spend(text.length / 64);
  runtime.allocate(text.length / 8 + 2);
  return text;
}

function on(method: (text: string, args: readonly Value[], runtime: Runtime) => Value): Method {
  return strict((self, args, _keywords, runtime) => {
    const text = self as string;
    runtime.spend(text.length / 64);
    return method(text, args, runtime);
  });
}

function affix(kind: 'startsWith' | 'endsWith'): Method {
  return on((text, [wanted, from, to], runtime) => {
    const part =
      from === undefined
        ? text
        : slicePoints(
            text,
            numberArgument(from, 0, runtime),
            numberArgument(to, Number.MAX_SAFE_INTEGER, runtime),
          );
    const options = wanted instanceof PyTuple ? wanted.items : [wanted];
    return options.some((each) => part[kind](textArgument(each, runtime)));
  });
}

function slicePoints(text: string, from: number, to: number): string {
  const points = pointsOf(text).slice(from, to);
  return typeof points === 'string' ? points : points.join('');
}

function search(kind: 'indexOf' | 'lastIndexOf', required: boolean): Method {
  return on((text, [wanted, from, to], runtime) => {
    const start = numberArgument(from, 0, runtime);
    const first = start < 0 ? Math.max(0, start + lengthOf(text)) : start;
    const part = slicePoints(text, first, numberArgument(to, Number.MAX_SAFE_INTEGER, runtime));
    const at = part[kind](textArgument(wanted, runtime));
    if (at < 0 && required) runtime.raise('ValueError', 'substring not found');
    return at < 0 ? -1 : first + lengthOf(part.slice(0, at));
  });
}

function strip(left: boolean, right: boolean): Method {
  return on((text, [characters], runtime) => {
    const set = characters == null ? null : new Set(textArgument(characters, runtime));
    const strips =
      set === null ? (point: string) => ONE_SPACE.test(point) : (point: string) => set.has(point);
    const points = pointsOf(text);
    let [from, to] = [0, points.length];
    while (left && from < to && strips(points[from]!)) from++;
    while (right && to > from && strips(points[to - 1]!)) to--;
    return slicePoints(text, from, to);
  });
}

function split(fromRight: boolean): Method {
  return strict((self, args, keywords, runtime) => {
    const text = self as string;
    runtime.spend(text.length);
    const separator = argumentAt(args, keywords, 0, 'sep') ?? null;
    const most = numberArgument(argumentAt(args, keywords, 1, 'maxsplit'), -1, runtime);
    if (separator === '') runtime.raise('ValueError', 'empty separator');
    const parts =
      separator === null
        ? spaced(text, most, fromRight)
        : limited(
            text.split(textArgument(separator, runtime)),
            most,
            fromRight,
            separator as string,
          );
    return runtime.list(parts);
  });
}

function limited(parts: string[], most: number, fromRight: boolean, separator: string): string[] {
  if (most < 0 || parts.length <= most + 1) return parts;
  if (!fromRight) return [...parts.slice(0, most), parts.slice(most).join(separator)];
  const cut = parts.length - most;
  return [parts.slice(0, cut).join(separator), ...parts.slice(cut)];
}

function spaced(text: string, most: number, fromRight: boolean): string[] {
  const words = [...text.matchAll(WORDS)];
  if (most < 0 || words.length <= most) return words.map(([word]) => word);
  if (!fromRight) {
    const rest = words[most];
    const head = words.slice(0, most).map(([word]) => word);
    return rest === undefined ? head : [...head, text.slice(rest.index).trimEnd()];
  }
  const cut = words.length - most;
  const last = words[cut - 1]!;
  const tail = words.slice(cut).map(([word]) => word);
  return [text.slice(0, last.index + last[0].length).trimStart(), ...tail];
}

function partition(kind: 'indexOf' | 'lastIndexOf'): Method {
  return on((text, [separator], runtime) => {
    const mark = textArgument(separator, runtime);
    const at = text[kind](mark);
    if (at >= 0) return runtime.tuple([text.slice(0, at), mark, text.slice(at + mark.length)]);
    return runtime.tuple(kind === 'indexOf' ? [text, '', ''] : ['', '', text]);
  });
}

function pad(place: (missing: number, fill: string, text: string) => string): Method {
  return on((text, [width, fill = ' '], runtime) => {
    const missing = Math.max(0, numberArgument(width, 0, runtime) - lengthOf(text));
    if (missing > TEXT_MAX) return runtime.unknown('a text that is too long');
    runtime.allocate(missing / 8);
    return place(missing, textArgument(fill, runtime), text);
  });
}

function all(pattern: RegExp): Method {
  return on((text) => text !== '' && pattern.test(text));
}

const ENCODINGS = /^utf[-_]?8(?:[-_]sig)?$|^ascii$|^us-ascii$|^latin[-_]?1$|^iso-?8859-1$/i;

/** UTF-8 of Python's code points; what cannot be encoded is replaced, dropped or refused as asked. */
function encode(text: string, encoding: string, errors: string, runtime: Runtime): Value {
  if (!ENCODINGS.test(encoding)) return runtime.unknown(`the encoding ${encoding}`);
  runtime.spend(text.length / 16);
  runtime.allocate(text.length / 4 + 8);
  const most = /^(?:utf)/i.test(encoding) ? 0x10ffff : /ascii/i.test(encoding) ? 127 : 255;
  let clean = '';
  for (const point of text) {
    const code = point.codePointAt(0)!;
    if (code <= most && !(code >= 0xd800 && code <= 0xdfff)) clean += point;
    else if (errors === 'strict') runtime.raise('UnicodeEncodeError', 'cannot be encoded');
    else if (errors === 'surrogateescape' || errors === 'surrogatepass') {
      return runtime.unknown('bytes of a text that is no Unicode');
    } else if (errors !== 'ignore') clean += '?';
  }
  return new PyBytes(Uint8Array.from(Buffer.from(clean, most === 0x10ffff ? 'utf8' : 'latin1')));
}

const join: Method = (self, [parts = null], _keywords, runtime) => {
  if (parts instanceof Unknown) return new Unknown(parts.stop);
  const texts: string[] = [];
  let length = 0;
  for (const part of collected(parts, runtime)) {
    if (part instanceof Unknown) return new Unknown(part.stop);
    texts.push(textArgument(part, runtime));
    length += texts.at(-1)!.length + (self as string).length;
    if (length > TEXT_MAX) return runtime.unknown('a text that is too long');
  }
  return checked(texts.join(self as string), runtime);
};

const replace = strict((self, [before, after, count], keywords, runtime) => {
  const [text, from, to] = [
    self as string,
    textArgument(before, runtime),
    textArgument(after, runtime),
  ];
  const most = numberArgument(count ?? keywords.get('count'), -1, runtime);
  const places = from === '' ? lengthOf(text) + 1 : Math.floor(text.length / from.length);
  if (text.length + places * to.length > 4 * TEXT_MAX)
    return runtime.unknown('a text that is too long');
  runtime.spend(text.length / 16);
  if (from === '')
    return checked(most < 0 ? to + [...text].map((each) => each + to).join('') : text, runtime);
  const parts = limited(text.split(from), most, false, from);
  return checked(parts.join(to), runtime);
});

function title(text: string): string {
  return text.replace(/\p{L}+/gu, (word) => {
    const [first = '', ...rest] = word;
    return first.toUpperCase() + rest.join('').toLowerCase();
  });
}

export const TEXT_METHODS: MethodTable = new Map<string, Method>([
  [
    'encode',
    strict((self, args, keywords, runtime) =>
      encode(
        self as string,
        textArgument(argumentAt(args, keywords, 0, 'encoding') ?? 'utf-8', runtime),
        textArgument(argumentAt(args, keywords, 1, 'errors') ?? 'strict', runtime),
        runtime,
      ),
    ),
  ],
  ['startswith', affix('startsWith')],
  ['endswith', affix('endsWith')],
  ['find', search('indexOf', false)],
  ['rfind', search('lastIndexOf', false)],
  ['index', search('indexOf', true)],
  ['rindex', search('lastIndexOf', true)],
  [
    'count',
    on((text, [wanted], runtime) => {
      const part = textArgument(wanted, runtime);
      return part === '' ? lengthOf(text) + 1 : text.split(part).length - 1;
    }),
  ],
  ['strip', strip(true, true)],
  ['lstrip', strip(true, false)],
  ['rstrip', strip(false, true)],
  ['split', split(false)],
  ['rsplit', split(true)],
  [
    'splitlines',
    strict((self, args, keywords, runtime) => {
      const keep = (argumentAt(args, keywords, 0, 'keepends') ?? false) === true;
      const lines: string[] = [];
      let at = 0;
      for (const end of (self as string).matchAll(LINE_ENDS)) {
        lines.push((self as string).slice(at, end.index + (keep ? end[0].length : 0)));
        at = end.index + end[0].length;
      }
      if (at < (self as string).length) lines.push((self as string).slice(at));
      return runtime.list(lines);
    }),
  ],
  ['partition', partition('indexOf')],
  ['rpartition', partition('lastIndexOf')],
  ['replace', replace],
  ['join', join],
  ['lower', on((text) => text.toLowerCase())],
  ['casefold', on((text) => text.toLowerCase().replaceAll('ß', 'ss'))],
  ['upper', on((text) => text.toUpperCase())],
  ['title', on((text) => title(text))],
  [
    'capitalize',
    on((text) => {
      const [first = '', ...rest] = text;
      return first.toUpperCase() + rest.join('').toLowerCase();
    }),
  ],
  [
    'swapcase',
    on((text) =>
      [...text]
        .map((each) => (each === each.toLowerCase() ? each.toUpperCase() : each.toLowerCase()))
        .join(''),
    ),
  ],
  [
    'removeprefix',
    on((text, [part], runtime) =>
      text.startsWith(textArgument(part, runtime)) ? text.slice((part as string).length) : text,
    ),
  ],
  [
    'removesuffix',
    on((text, [part], runtime) =>
      part !== '' && text.endsWith(textArgument(part, runtime))
        ? text.slice(0, -(part as string).length)
        : text,
    ),
  ],
  [
    'zfill',
    on((text, [width], runtime) => {
      const missing = numberArgument(width, 0, runtime) - lengthOf(text);
      if (missing > 100_000) return runtime.unknown('a text that is too long');
      const sign = /^[+-]/.test(text) ? text[0]! : '';
      return missing <= 0 ? text : sign + '0'.repeat(missing) + text.slice(sign.length);
    }),
  ],
  ['ljust', pad((missing, fill, text) => text + fill.repeat(missing))],
  ['rjust', pad((missing, fill, text) => fill.repeat(missing) + text)],
  [
    'center',
    pad((missing, fill, text) => {
      // As CPython rounds.
      const before =
        Math.floor(missing / 2) + (missing % 2 === 1 && (text.length + missing) % 2 === 1 ? 1 : 0);
      return fill.repeat(before) + text + fill.repeat(missing - before);
    }),
  ],
  ['isdigit', all(/^[\p{Nd}\u00b2\u00b3\u00b9\u2070-\u2079\u2080-\u2089]+$/u)],
  ['isdecimal', all(/^\p{Nd}+$/u)],
  ['isnumeric', all(/^\p{N}+$/u)],
  ['isalpha', all(/^\p{L}+$/u)],
  ['isalnum', all(/^[\p{L}\p{N}]+$/u)],
  ['isspace', all(new RegExp(`^${SPACE}+$`))],
  ['isascii', on((text) => [...text].every((point) => point.charCodeAt(0) < 128))],
  ['isidentifier', all(/^[\p{L}_][\p{L}\p{N}_]*$/u)],
  ['isprintable', on((text) => !/[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u.test(text))],
  ['isupper', on((text) => text !== text.toLowerCase() && text === text.toUpperCase())],
  ['islower', on((text) => text !== text.toUpperCase() && text === text.toLowerCase())],
  [
    'format',
    (self, args, keywords, runtime) => formatTemplate(self as string, args, keywords, runtime),
  ],
  [
    'translate',
    on((text, [table], runtime) => {
      if (!(table instanceof PyDict)) return runtime.unknown('a table of characters');
      return [...text]
        .map((point) => {
          const to = table.get(point.codePointAt(0)!, runtime);
          if (to === undefined) return point;
          return to === null ? '' : typeof to === 'number' ? String.fromCodePoint(to) : String(to);
        })
        .join('');
    }),
  ],
]);

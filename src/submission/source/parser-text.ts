/**
 * Text for the parser: Python that its grammar does not know, put into a form that it knows.
 *
 * Every substitution has the length of what it replaces, so that places stay those of the original.
 * `pythonType` gives the nodes that a substitution stands for their own type.
 */
import { tooDeep, tooLarge } from './errors.js';

/** The longest published script has 34,000 tokens. */
const TOKENS_MAX = 200_000;
/** Python's own limit of brackets in brackets (MAXLEVEL in Parser/lexer/state.h). */
const BRACKETS_MAX = 200;
/** Python's own limit of indentation (MAXINDENT, there too). */
const INDENTS_MAX = 100;
/** Signs before one operand, such as `not not not x`: CPython's parser gives up on some more. */
const SIGNS_MAX = 1_000;

/** Words after which a bracket opens no subscript. */
const KEYWORDS = new Set(
  'and as assert await case del elif else except for from global if import in is lambda match not or print raise return while with yield'.split(
    ' ',
  ),
);

const WORD = /[\p{ID_Start}_][\p{ID_Continue}]*/uy;
const NUMBER =
  /0[xXbBoO][\da-fA-F_]+|(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d[\d_]*)?[jJ]?/y;
const PREFIX = /[rRbBuUfF]{0,2}(?:"""|'''|"|')/y;
/** `100.` before an operator, a bracket, a format or an exponent. */
const NUMBER_IN_FORMAT = /(?<![\w.])\d[\d_]*\.(?=\s*[-+*/%)\]},:!]|[eE])/g;

interface Bracket {
  readonly at: number;
  readonly open: string;
  readonly subscript: boolean;
}

/** The parenthesis of `with (a as b, c as d):`, and the line ends directly in it. */
interface WithGroup {
  readonly depth: number;
  readonly at: number;
  readonly lineEnds: number[];
  hasAs: boolean;
}

/**
 * The text, as the parser is to read it.
 *
 * @throws BPB_SOURCE_TOO_LARGE for more tokens than any script has, or nesting that Python refuses: the
 * parser's time and stack are not spent on them
 */
export function parserText(text: string, path: string): string {
  return new Rewriter(text, path).run();
}

/** The type that a node has in Python, where a substitution made it another. */
export function pythonType(type: string, text: string, from: number, to: number): string {
  switch (type) {
    case '*':
      return text[from] === '/' ? '/' : type;
    case 'VariableName':
      return isName(text, from, to) ? type : 'TargetExpression';
    case 'AttributePattern':
      return text[to - 1] === ')' ? 'ClassPattern' : type;
    case 'CapturePattern':
      if (text[from] === '{') return 'MappingPattern';
      return text[from] === '[' || text[from] === '(' ? 'SequencePattern' : type;
    default:
      return type;
  }
}

function isName(text: string, from: number, to: number): boolean {
  WORD.lastIndex = from;
  return WORD.exec(text) !== null && WORD.lastIndex >= to;
}

class Rewriter {
  private at = 0;
  private readonly edits: [from: number, to: number, text: string][] = [];
  private readonly brackets: Bracket[] = [];
  /** The last token that is no space: a character, a word, `0` for numbers, `"` for strings, `\n`. */
  private previous = '\n';
  /** Depth of the statement's `with`; -1 outside of one. */
  private withDepth = -1;
  private group: WithGroup | null = null;
  /** Where the target of an `as` began, its depth, and how many tokens it has. */
  private target: { from: number; depth: number; tokens: number } | null = null;
  private lambdaDepths: number[] = [];
  private inCase = false;
  /** A string of a pattern, with those that follow it in one piece of text. */
  private pattern: { from: number; opening: string; body: string; edited: boolean } | null = null;
  /** Where the decorator that is read begins. */
  private decorated: number | null = null;
  /** The name of a class or function is read, behind which a bracket opens type parameters. */
  private defines = false;
  /** Depth of a comprehension whose targets are being read; -1 outside of any. */
  private forDepth = -1;

  private tokens = 0;
  private signs = 0;
  /** Widths of the blocks that are open; the indentation of the line that is read. */
  private readonly indents: number[] = [0];

  constructor(
    private readonly text: string,
    private readonly path: string,
  ) {}

  run(): string {
    const { text } = this;
    while (this.at < text.length) this.step();
    if (this.edits.length === 0) return text;
    const parts: string[] = [];
    let from = 0;
    for (const [start, end, replacement] of this.edits.sort((a, b) => a[0] - b[0])) {
      // A target that is replaced as a whole holds what was replaced in it.
      if (start < from) continue;
      parts.push(text.slice(from, start), replacement);
      from = end;
    }
    parts.push(text.slice(from));
    return parts.join('');
  }

  private edit(from: number, to: number, text: string): void {
    this.edits.push([from, to, text]);
  }

  private step(): void {
    const { text, at } = this;
    const character = text[at]!;
    // White space is skipped in runs, and costs the parser little.
    if (character === ' ' || character === '\t' || character === '\f') {
      this.at++;
    } else if (character === '\n' || character === '\r') {
      this.lineEnd();
    } else if (character === '#') {
      this.comment();
    } else if (character === '\\') {
      // The grammar takes one character after a backslash for the end of the line.
      if (text.startsWith('\r\n', at + 1)) this.edit(at, at + 3, ' \\\n');
      this.at += text.startsWith('\r\n', at + 1) ? 3 : 2;
    } else if (!this.string() && !this.word() && !this.number()) {
      this.punctuation(character);
    }
  }

  private lineEnd(): void {
    const depth = this.brackets.length;
    if (this.group !== null && depth === this.group.depth + 1) this.group.lineEnds.push(this.at);
    if (depth === 0 && this.decorated !== null) this.decorator(this.decorated);
    this.at++;
    if (depth > 0) return;
    this.decorated = null;
    this.indented();
    this.previous = '\n';
    this.withDepth = -1;
    this.group = null;
    this.target = null;
    this.lambdaDepths = [];
    this.inCase = false;
  }

  /** Counts the blocks that are open where the next line begins. */
  private indented(): void {
    let width = 0;
    while (this.text[this.at + width] === ' ' || this.text[this.at + width] === '\t') width++;
    const next = this.text[this.at + width];
    if (next === undefined || next === '\n' || next === '\r' || next === '#') return;
    while (this.indents.at(-1)! > width) this.indents.pop();
    if (this.indents.at(-1)! < width) this.indents.push(width);
    if (this.indents.length > INDENTS_MAX) throw tooDeep(this.path);
  }

  /** Counts what the parser will have to take apart. */
  private count(tokens: number): void {
    this.tokens += tokens;
    if (this.tokens <= TOKENS_MAX) return;
    throw tooLarge(this.path, `a script with at most ${TOKENS_MAX} tokens`, 'more');
  }

  private comment(): void {
    const from = this.at;
    while (this.at < this.text.length && !/[\n\r]/.test(this.text[this.at]!)) this.at++;
    this.edit(from, this.at, ' '.repeat(this.at - from));
  }

  private string(): boolean {
    const { text, at } = this;
    PREFIX.lastIndex = at;
    const opening = PREFIX.exec(text)?.[0];
    if (opening === undefined) return false;
    const long = opening.endsWith('"""') || opening.endsWith("'''");
    const quote = long ? opening.slice(-3) : opening.at(-1)!;
    let end = at + opening.length;
    let escapes = 0;
    for (; end < text.length && !text.startsWith(quote, end); end++) {
      if (text[end] === '\\') {
        end++;
        escapes++;
      } else if (!long && text[end] === '\n') break;
    }
    this.at = Math.min(text.length, text.startsWith(quote, end) ? end + quote.length : end);
    this.count(escapes);
    if (/f/i.test(opening)) this.formatted(at + opening.length, end);
    if (this.inCase) this.inPattern(at, opening, text.slice(at + opening.length, end), quote);
    this.token('"', at);
    return true;
  }

  /** `case "a" "b":` is one string, of which the grammar knows no parts. */
  private inPattern(at: number, opening: string, body: string, quote: string): void {
    const { pattern } = this;
    if (this.previous !== '"' || pattern === null) {
      this.pattern = { from: at, opening, body, edited: false };
      return;
    }
    if (pattern.edited) this.edits.pop();
    pattern.edited = true;
    // Of other quotes or prefixes the second part is left out, and the pattern is a shorter one.
    if (pattern.opening === opening) pattern.body += body;
    const close = pattern.opening.replace(/^[a-z]*/i, '');
    const whole = `${pattern.opening}${pattern.body}${pattern.opening === opening ? quote : close}`;
    this.edit(pattern.from, this.at, whole.padEnd(this.at - pattern.from));
  }

  /** Numbers with a bare point in the braces of a formatted string. */
  private formatted(from: number, to: number): void {
    const body = this.text.slice(from, to);
    // What stands in braces has some tokens for every few characters.
    if (body.includes('{')) this.count(Math.ceil(body.length / 4));
    let depth = 0;
    let looked = 0;
    for (const match of body.matchAll(NUMBER_IN_FORMAT)) {
      for (; looked < match.index; looked++) {
        const pair = depth === 0 && body[looked] === body[looked + 1];
        if (body[looked] === '{') pair ? looked++ : depth++;
        else if (body[looked] === '}') pair ? looked++ : depth--;
      }
      const point = from + match.index + match[0].length - 1;
      if (depth > 0) this.edit(point, point + 1, '_');
    }
  }

  private word(): boolean {
    WORD.lastIndex = this.at;
    const word = WORD.exec(this.text)?.[0];
    if (word === undefined) return false;
    const from = this.at;
    this.at += word.length;
    const statement = /^[\n;:]$/.test(this.previous) && this.brackets.length === 0;
    const keyword = this.previous !== '.' && KEYWORDS.has(word);
    if (word === 'print' && statement) this.edit(from, this.at, 'prinT');
    if (word === 'case' && this.previous === '\n') this.inCase = true;
    this.defines = this.previous !== '.' && /^(?:class|def)$/.test(word) ? true : this.defines;
    if (keyword && word === 'for' && this.brackets.length > 0) this.forDepth = this.brackets.length;
    if (keyword && word === 'in') this.forDepth = -1;
    if (keyword && word === 'lambda') this.lambdaDepths.push(this.brackets.length);
    if (keyword && word === 'with' && this.brackets.length === 0) {
      this.withDepth = 0;
      this.group = null;
    }
    if (keyword && word === 'as' && this.inWith()) {
      if (this.group !== null && this.brackets.length > 0) this.group.hasAs = true;
      this.target = { from: this.at, depth: this.brackets.length, tokens: 0 };
      this.previous = word;
      return true;
    }
    this.token(keyword ? word : 'x', from);
    return true;
  }

  /** Directly in a `with`, or in the parentheses around all its items. */
  private inWith(): boolean {
    const depth = this.brackets.length;
    return this.withDepth === 0 && (depth === 0 || (this.group !== null && depth === 1));
  }

  private number(): boolean {
    NUMBER.lastIndex = this.at;
    const number = NUMBER.exec(this.text)?.[0];
    if (number === undefined) return false;
    const from = this.at;
    this.at += number.length;
    const point = number.indexOf('.');
    // The grammar has no `1.` and no `1.e3`; a digit must stand behind the point.
    if (point > 0 && !/\d/.test(number[point + 1] ?? '')) {
      this.edit(from + point, from + point + 1, '_');
    }
    this.token('0', from);
    return true;
  }

  private token(kind: string, from: number): void {
    this.count(1);
    const sign = kind === 'not' || kind === '-' || kind === '+' || kind === '~' || kind === 'await';
    this.signs = sign || kind === 'lambda' ? this.signs + 1 : 0;
    if (this.signs > SIGNS_MAX) throw tooDeep(this.path);
    if (this.target !== null) {
      if (this.target.tokens === 0) this.target.from = from;
      this.target.tokens++;
    }
    this.previous = kind;
  }

  private punctuation(character: string): void {
    const from = this.at++;
    const depth = this.brackets.length;
    if (this.target?.depth === depth && /[,:)]/.test(character)) this.endTarget(from);
    if (character === '(' || character === '[' || character === '{') {
      if (this.empty(from, character)) return;
      const subscript = character === '[' && /^[x)\]}"]$/.test(this.previous) && !this.defines;
      this.defines = false;
      if (character === '(' && this.previous === 'with' && depth === 0 && this.withDepth === 0) {
        this.group = { depth, at: from, lineEnds: [], hasAs: false };
      }
      this.token(character, from);
      this.brackets.push({ at: from, open: character, subscript });
      if (this.brackets.length > BRACKETS_MAX) throw tooDeep(this.path);
      return;
    }
    if (character === ')' || character === ']' || character === '}') this.close(from);
    else if (character === '*') this.star(from);
    else if (character === '@' && this.previous === '\n') this.decorated = from;
    else if (character === '/' && this.previous === ',' && this.lambdaDepths.at(-1) === depth) {
      this.edit(from, from + 1, '*');
    } else if (character === ':' && this.lambdaDepths.at(-1) === depth) {
      this.lambdaDepths.pop();
      // The body of a lambda begins no statement.
      this.token('=', from);
      return;
    } else if (character === ':' && depth === 0) {
      this.inCase = false;
      this.defines = false;
      this.withDepth = -1;
      this.group = null;
    }
    this.token(character, from);
  }

  /** `case A():`, `case {}:`, whose brackets the grammar wants filled. */
  private empty(from: number, open: string): boolean {
    const close = { '(': ')', '[': ']', '{': '}' }[open]!;
    if (!this.inCase || this.text[from + 1] !== close) return false;
    this.edit(from, from + 2, open === '(' && this.previous === 'x' ? '._' : '__');
    this.at = from + 2;
    this.token('x', from);
    return true;
  }

  private close(from: number): void {
    const bracket = this.brackets.pop();
    while (this.lambdaDepths.length > 0 && this.lambdaDepths.at(-1)! > this.brackets.length) {
      this.lambdaDepths.pop();
    }
    const { group } = this;
    if (group === null || bracket?.at !== group.at) return;
    if (group.hasAs && /^\s*:/.test(this.text.slice(this.at, this.at + 200))) {
      this.edit(group.at, group.at + 1, ' ');
      this.edit(from, from + 1, ' ');
      for (const at of group.lineEnds) this.edit(at, at + 1, ' ');
    }
    this.group = null;
  }

  /** `@(lambda f: f)`, `@x[0].y`: a decorator that is no dotted name with arguments stands as one name of its length. */
  private decorator(from: number): void {
    const expression = this.text.slice(from + 1, this.at);
    if (/^\s*[\w.]+\s*(?:\((?:[^()]|\([^()]*\))*\)\s*)?(?:#|$)/.test(expression)) return;
    const begin = from + 1 + (expression.length - expression.trimStart().length);
    const end = from + 1 + expression.trimEnd().length;
    if (end > begin) this.edit(begin, end, '_'.repeat(end - begin));
  }

  /** `x[*i]`, `[a for a, *_ in x]`: stars that the grammar does not know there. */
  private star(from: number): void {
    if (this.text[from + 1] === '*') {
      this.at++;
      return;
    }
    const { previous } = this;
    const inSubscript = this.brackets.at(-1)?.subscript === true && /^[[,]$/.test(previous);
    const inTargets = this.forDepth === this.brackets.length && /^(?:for|,)$/.test(previous);
    // `def f(*args: *Ts)`
    const annotates = previous === ':' && this.brackets.at(-1)?.open === '(';
    if (inSubscript || inTargets || annotates) this.edit(from, from + 1, '+');
  }

  /** A target that is more than a name stands as one name of its length. */
  private endTarget(end: number): void {
    const { from, tokens } = this.target!;
    this.target = null;
    if (tokens < 2) return;
    const to = from + this.text.slice(from, end).trimEnd().length;
    this.edit(from, to, '_'.repeat(to - from));
  }
}

/**
 * Names of kernels as the compiler mangles them (Itanium C++ ABI, section "Mangling"), as far as
 * kernels need it: nested names, template arguments, substitutions; parameters are not read.
 */

const BUILTIN = {
  a: 'int8',
  b: 'bool',
  d: 'double',
  f: 'float',
  h: 'uint8',
  i: 'int',
  j: 'unsigned',
  l: 'long',
  m: 'unsigned long',
  s: 'short',
  t: 'unsigned short',
  v: 'void',
  x: 'long long',
  y: 'unsigned long long',
};

class Reader {
  at = 2; // after _Z
  known = [];

  constructor(text) {
    this.text = text;
  }

  fail() {
    throw new Error(`not understood at ${this.at}: ${this.text}`);
  }

  take(text) {
    if (!this.text.startsWith(text, this.at)) return false;
    this.at += text.length;
    return true;
  }

  match(pattern) {
    const found = pattern.exec(this.text.slice(this.at));
    if (found === null) this.fail();
    this.at += found[0].length;
    return found;
  }

  sourceName() {
    const length = Number(this.match(/^\d+/)[0]);
    this.at += length;
    return this.text.slice(this.at - length, this.at);
  }

  /** `S_` is the first that was kept, `S0_` the second. */
  substitution() {
    const digits = this.match(/^S([0-9A-Z]*)_/)[1];
    return this.known[digits === '' ? 0 : Number.parseInt(digits, 36) + 1] ?? this.fail();
  }

  keep(type) {
    this.known.push(type);
    return type;
  }

  literal() {
    if (this.take('b')) return this.match(/^([01])E/)[1] === '1';
    const [, minus, digits] = this.match(/^[a-z](n?)(\d+)E/);
    return minus === '' ? Number(digits) : -Number(digits);
  }

  arguments() {
    const list = [];
    while (!this.take('E')) {
      if (this.take('J')) list.push(...this.arguments());
      else list.push(this.take('L') ? this.literal() : this.type());
    }
    return list;
  }

  /** Names after `N`, each prefix kept for substitution as the ABI numbers them. */
  nested(whole) {
    let type = null;
    while (!this.take('E')) {
      if (this.text[this.at] === 'I' && type !== null) {
        this.at++;
        type = { ...type, args: this.arguments() };
      } else if (this.text[this.at] === 'S') {
        type = this.take('St') ? { name: 'std' } : this.substitution();
        continue;
      } else {
        type = { name: type === null ? this.sourceName() : `${type.name}::${this.sourceName()}` };
      }
      // A function's whole name is not a type, so nothing refers to it.
      if (!(whole && this.text[this.at] === 'E')) this.keep(type);
    }
    return type ?? this.fail();
  }

  type() {
    const builtin = BUILTIN[this.text[this.at]];
    if (builtin !== undefined) {
      this.at++;
      return { name: builtin };
    }
    for (const mark of ['P', 'K', 'R']) {
      if (this.take(mark)) return this.keep({ ...this.type(), mark });
    }
    if (this.take('N')) return this.nested(false);
    if (this.text[this.at] === 'S') return this.withArguments(this.substitution());
    return this.withArguments(this.keep({ name: this.sourceName() }));
  }

  withArguments(type) {
    return this.take('I') ? this.keep({ ...type, args: this.arguments() }) : type;
  }

  entity() {
    if (this.take('N')) return this.nested(true);
    const name = this.sourceName();
    if (this.text[this.at] !== 'I') return { name };
    this.keep({ name });
    this.at++;
    return { name, args: this.arguments() };
  }
}

/**
 * `{name, args}`: the function's own name without its namespaces, and its template arguments, each a
 * number, a boolean or a type `{name, args?}`. A name that is no C++ (or not understood) is returned
 * whole, with `args` null.
 */
export function demangle(mangled) {
  if (!mangled.startsWith('_Z')) return { name: mangled, args: null };
  try {
    const { name, args = [] } = new Reader(mangled).entity();
    return { name: name.split('::').at(-1), args };
  } catch {
    // The last name before its arguments is still worth showing.
    const parts = [...mangled.matchAll(/(\d+)(?=[A-Za-z_])/g)].map(({ 0: digits, index }) =>
      mangled.slice(index + digits.length, index + digits.length + Number(digits)),
    );
    const named = parts.find((part) => /kernel/i.test(part)) ?? mangled;
    return { name: named, args: null };
  }
}

/**
 * A program: the scripts that were given, what they pack, load and import beside them.
 */
import { findHidden } from './check-hidden.js';
import { tooLarge } from './errors.js';
import { collectFacts } from './facts.js';
import { type Opened, readBeside } from './files.js';
import { fileRead, loadedBy, nameInFolder } from './loaders.js';
import { type PyNode, parsePython, SOURCE_BYTES_MAX } from './nodes.js';
import type { Opaque, Program, SourceUnit } from './types.js';
import { unpackedText } from './unwrap.js';

/** Wrappers in wrappers are followed this far. */
const LAYERS_MAX = 3;
/** Texts in all: wrappers that hold wrappers must not multiply. */
const UNITS_MAX = 80;
/** Packed texts that are tried, and their characters in all. */
const UNPACKED_MAX = 32;
const UNPACKED_CHARACTERS_MAX = 4 * SOURCE_BYTES_MAX;
/** Syntax nodes of all texts together. */
const NODES_MAX = 400_000;

/** What the script is called where only its text is known. */
const NAMELESS = 'script.py';
const COMPUTED = 'the name of the file is computed';

/**
 * @throws BPB_SOURCE_TOO_LARGE
 */
export async function readProgram(path: string, opened: Opened): Promise<Program> {
  return new ProgramReader(path, opened).read();
}

class ProgramReader {
  private readonly units: SourceUnit[] = [];
  private readonly opaque: Opaque[] = [];
  private readonly modules = new Map<string, SourceUnit>();
  /** The first unit of each file, by its name; else why it is not read. */
  private readonly files = new Map<string, SourceUnit | string>();
  /** Files that another one runs or imports. */
  private readonly used = new Set<SourceUnit>();
  /** Texts of the folder that was given, by name. */
  private readonly folder: ReadonlyMap<string, string>;
  private nodes = 0;
  private unpacked = 0;
  private unpackedCharacters = 0;
  private bytesLeft = SOURCE_BYTES_MAX;

  constructor(
    private readonly path: string,
    private readonly opened: Opened,
  ) {
    this.folder = new Map(opened.scripts.map(({ file, text }) => [file ?? '', text]));
  }

  async read(): Promise<Program> {
    const given: SourceUnit[] = [];
    for (const { file, text } of this.opened.scripts) {
      const known = file === null ? undefined : this.files.get(file);
      if (known === undefined) given.push(await this.addFile(file, text));
      else if (typeof known !== 'string') given.push(known);
    }
    const free = given.filter((unit) => !this.used.has(unit));
    return {
      path: this.path,
      units: this.units,
      // Files that import each other have no first one: all of them are.
      entries: free.length > 0 ? free : given,
      modules: this.modules,
      opaque: this.opaque,
    };
  }

  private async addFile(file: string | null, text: string): Promise<SourceUnit> {
    this.bytesLeft -= text.length;
    return this.addText(text, { file, layer: 0 });
  }

  private async addText(
    text: string,
    { file, layer }: Pick<SourceUnit, 'file' | 'layer'>,
  ): Promise<SourceUnit> {
    const source = parsePython(text, this.pathOf(file));
    this.nodes += source.nodes.length;
    if (this.nodes > NODES_MAX) {
      throw tooLarge(this.path, `at most ${NODES_MAX} syntax nodes in all texts`, 'more');
    }
    const facts = collectFacts(source);
    const runs = new Map<PyNode, SourceUnit>();
    const unit: SourceUnit = { file, layer, source, facts, runs };
    this.units.push(unit);
    if (layer === 0 && file !== null) this.files.set(file, unit);
    const own = this.ownName(file);
    const note = (node: PyNode, kind: Opaque['kind'], found: SourceUnit | string) => {
      if (typeof found !== 'string') runs.set(node, found);
      else this.opaque.push({ unit, node, kind, reason: found });
    };
    for (const { node, code, kind } of findHidden(facts)) {
      note(node, kind, await this.runBy(unit, code, kind, own));
    }
    for (const call of facts.calls) {
      const loaded = loadedBy(facts, call, own);
      if (loaded === null) continue;
      if ('module' in loaded) await this.importModule(loaded.module);
      else
        note(call.node, 'file', loaded.path === null ? COMPUTED : await this.beside(loaded.path));
    }
    for (const { module } of facts.imports) {
      await this.importModule(module.replace(/^\.+/, ''));
    }
    return unit;
  }

  /** The text that a call runs, or why it is not known. */
  private async runBy(
    unit: SourceUnit,
    code: PyNode,
    kind: Opaque['kind'],
    own: string,
  ): Promise<SourceUnit | string> {
    const path = fileRead(unit.facts, code, own);
    if (path !== null) return this.beside(path);
    if (kind === 'file') return COMPUTED;
    if (unit.layer >= LAYERS_MAX) return `it is packed more than ${LAYERS_MAX} times`;
    if (this.unpacked >= UNPACKED_MAX || this.units.length >= UNITS_MAX) {
      return 'there are too many packed texts';
    }
    this.unpacked++;
    const inside = await unpackedText(unit.facts, code);
    if ('reason' in inside) return inside.reason;
    this.unpackedCharacters += inside.text.length;
    if (this.unpackedCharacters > UNPACKED_CHARACTERS_MAX) return 'it unpacks to too much';
    return this.addText(inside.text, { file: unit.file, layer: unit.layer + 1 });
  }

  /** The file of that path, where it lies in the script's folder; else why it is not read. */
  private async beside(path: string): Promise<SourceUnit | string> {
    const name = nameInFolder(path);
    if (name === null) return 'the file that it runs is not in the folder of the script';
    const first = this.units[0];
    // A script that runs itself is no further text.
    if (name === this.ownName(null) && first?.file === null) return 'it is the script itself';
    const known = this.files.get(name);
    if (known !== undefined) {
      if (typeof known !== 'string') this.used.add(known);
      return known;
    }
    if (this.units.length >= UNITS_MAX) return 'there are too many files';
    const text = this.folder.get(name);
    const read =
      text === undefined ? await readBeside(this.opened.folder, name, this.bytesLeft) : { text };
    if ('reason' in read) {
      this.files.set(name, read.reason);
      return read.reason;
    }
    const unit = await this.addFile(name, read.text);
    this.used.add(unit);
    return unit;
  }

  /** `import a`, `from a import b` (also as `a.b`), where `a.py` lies beside the script. */
  private async importModule(module: string): Promise<void> {
    for (const name of new Set([module, module.split('.').slice(0, -1).join('.')])) {
      if (!/^\w+$/.test(name) || this.modules.has(name)) continue;
      const unit = await this.beside(`${name}.py`);
      if (typeof unit !== 'string') this.modules.set(name, unit);
    }
  }

  private ownName(file: string | null): string {
    if (file !== null) return file;
    return this.opened.folder === null ? NAMELESS : (this.path.split(/[/\\]/).at(-1) ?? NAMELESS);
  }

  private pathOf(file: string | null): string {
    return file === null ? this.path : `${this.opened.folder ?? '.'}/${file}`;
  }
}

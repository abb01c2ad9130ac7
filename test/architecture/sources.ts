/**
 * Reads the repository's code files: what each imports and exports, by name. Parsed, never run.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..');

/** Folders that are not the project's own text: installed, built, or weights and recipes in archives. */
const SKIPPED = new Set(['node_modules', 'dist', 'build', '.git', 'train', '.vitest']);

export interface Import {
  /** Path of the imported file from the root of the repository. */
  readonly file: string;
  /** Imported names; null where the whole file is meant (`import *`, a worker's URL). */
  readonly names: readonly string[] | null;
}

export interface CodeFile {
  /** From the root of the repository, with `/`. */
  readonly path: string;
  readonly text: string;
  /** Of files of the repository; packages are left out. */
  readonly imports: readonly Import[];
  readonly exports: readonly string[];
  /** Those of `exports` that are types alone: the path of a built file does not use them. */
  readonly types: readonly string[];
}

/** Paths of all files below `folder` whose names end in one of `endings`. */
export function filesBelow(folder: string, endings: readonly string[]): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true })
    .filter((entry) => !SKIPPED.has(entry.name))
    .flatMap((entry) => {
      const path = folder === '' ? entry.name : posix.join(folder, entry.name);
      if (entry.isDirectory()) return filesBelow(path, endings);
      return endings.some((ending) => path.endsWith(ending)) ? [path] : [];
    })
    .sort();
}

export function textOf(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** The TypeScript and JavaScript files below `folders`. */
export function codeFiles(folders: readonly string[]): CodeFile[] {
  const paths = folders.flatMap((folder) => filesBelow(folder, ['.ts', '.cts', '.mjs']));
  return paths.map((path) => parsed(path, textOf(path)));
}

/** @param path of the file from the root, against which its imports are resolved */
export function parsed(path: string, text: string): CodeFile {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const imports: Import[] = [];
  const add = (specifier: string, names: readonly string[] | null): void => {
    const file = resolved(path, specifier);
    if (file !== null) imports.push({ file, names });
  };
  const visit = (node: ts.Node): void => {
    const found = importOf(node);
    if (found !== null) add(...found);
    else ts.forEachChild(node, visit);
  };
  visit(source);
  const { statements } = source;
  const types = statements.filter(
    (s) => ts.isInterfaceDeclaration(s) || ts.isTypeAliasDeclaration(s),
  );
  return {
    path,
    text,
    imports,
    exports: statements.flatMap(exportedNames),
    types: types.flatMap(exportedNames),
  };
}

/** Specifier and names of an import in any of its forms; null for other nodes. */
function importOf(node: ts.Node): [string, readonly string[] | null] | null {
  if (ts.isImportDeclaration(node)) return [literal(node.moduleSpecifier), clauseNames(node)];
  if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined) {
    const { exportClause } = node;
    const named = exportClause !== undefined && ts.isNamedExports(exportClause);
    return [literal(node.moduleSpecifier), named ? exportClause.elements.map(nameThere) : null];
  }
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
    return [literal(node.argument.literal), node.qualifier ? [node.qualifier.getText()] : null];
  }
  // `import(…)`, `new URL('./worker.js', …)`, and paths of built files: the whole file is used.
  if (ts.isStringLiteral(node) && /\.c?js$/.test(node.text)) return [node.text, null];
  return null;
}

function clauseNames({ importClause }: ts.ImportDeclaration): readonly string[] | null {
  const bindings = importClause?.namedBindings;
  if (bindings === undefined) return importClause?.name === undefined ? [] : ['default'];
  return ts.isNamedImports(bindings) ? bindings.elements.map(nameThere) : null;
}

/** The name in the file that is imported from. */
function nameThere(element: ts.ImportSpecifier | ts.ExportSpecifier): string {
  return (element.propertyName ?? element.name).text;
}

function literal(node: ts.Node): string {
  return ts.isStringLiteral(node) ? node.text : '';
}

/** `#bpb/x`, `./x.js` and `…/dist/x.js` as the path of a source; null for packages. */
function resolved(from: string, specifier: string): string | null {
  const inside =
    /^#bpb\/(.+)$/.exec(specifier)?.[1] ?? /(?:^|\/)dist\/(.+)\.js$/.exec(specifier)?.[1];
  if (inside !== undefined) return `src/${inside}.ts`;
  if (!specifier.startsWith('.')) return null;
  const path = posix.join(posix.dirname(from.split(sep).join('/')), specifier);
  return from.endsWith('ts') ? path.replace(/\.(c?)js$/, '.$1ts') : path;
}

function exportedNames(statement: ts.Statement): string[] {
  if (ts.isExportDeclaration(statement)) {
    const { exportClause } = statement;
    if (exportClause === undefined || !ts.isNamedExports(exportClause)) return ['*'];
    return exportClause.elements.map(({ name }) => name.text);
  }
  if (ts.isExportAssignment(statement)) return ['default'];
  if (!ts.canHaveModifiers(statement)) return [];
  const kinds = ts.getModifiers(statement)?.map(({ kind }) => kind) ?? [];
  if (!kinds.includes(ts.SyntaxKind.ExportKeyword)) return [];
  if (kinds.includes(ts.SyntaxKind.DefaultKeyword)) return ['default'];
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.flatMap(({ name }) => boundNames(name));
  }
  const { name } = statement as ts.DeclarationStatement;
  return name === undefined ? [] : [name.getText()];
}

function boundNames(name: ts.BindingName): string[] {
  if (ts.isIdentifier(name)) return [name.text];
  return name.elements.flatMap((element) =>
    ts.isOmittedExpression(element) ? [] : boundNames(element.name),
  );
}

/** The module of a source: its folder below `src/`, or `''` for a file at the top. */
export function moduleOf(path: string): string {
  const [first, ...rest] = relative('src', path).split(sep);
  return rest.length === 0 ? '' : first!;
}

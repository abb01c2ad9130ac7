/**
 * The public API as the compiler sees it: exported functions, their examples, the types they name.
 */
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const INDEX = fileURLToPath(new URL('../../dist/index.d.ts', import.meta.url));
const DIST = fileURLToPath(new URL('../../dist/', import.meta.url));

export interface PublicFunction {
  readonly name: string;
  /** The text of each `@example`, without its fence. */
  readonly examples: readonly string[];
  /** Types of this package that its parameters and its return type name. */
  readonly types: readonly string[];
}

export interface PublicApi {
  readonly functions: readonly PublicFunction[];
  readonly types: readonly string[];
  /** Types that a user of the functions can come across: named in them, or in what those name. */
  readonly reachable: ReadonlySet<string>;
}

/** Reads the declarations that the package ships. */
export function publicApi(): PublicApi {
  const program = ts.createProgram([INDEX], {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2023,
    strict: true,
    // Only names of this package are asked for: the libraries' types need not be read.
    noLib: true,
    types: [],
  });
  const checker = program.getTypeChecker();
  const index = checker.getSymbolAtLocation(program.getSourceFile(INDEX)!)!;
  const functions: PublicFunction[] = [];
  const types: string[] = [];
  const reachable = new Set<string>();

  for (const exported of checker.getExportsOfModule(index)) {
    const symbol = resolved(exported, checker);
    const declaration = symbol.declarations?.[0];
    if (declaration !== undefined && ts.isFunctionDeclaration(declaration)) {
      const named = namedTypes(declaration, checker);
      for (const type of named) reach(type, checker, reachable);
      const tags = symbol.getJsDocTags(checker).filter(({ name }) => name === 'example');
      functions.push({
        name: exported.name,
        examples: tags.map(({ text }) => code(ts.displayPartsToString(text))),
        types: named.map(({ name }) => name),
      });
    } else if (symbol.flags & ts.SymbolFlags.Value) {
      // BpbError and EXIT_CODES: what the functions throw, and its types.
      if (declaration !== undefined) {
        for (const type of namedTypes(declaration, checker)) reach(type, checker, reachable);
      }
    } else types.push(exported.name);
  }
  return { functions, types, reachable };
}

function resolved(symbol: ts.Symbol, checker: ts.TypeChecker): ts.Symbol {
  return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
}

/** Symbols of this package's types that a declaration refers to, each once. */
function namedTypes(declaration: ts.Node, checker: ts.TypeChecker): ts.Symbol[] {
  const found = new Set<ts.Symbol>();
  const visit = (node: ts.Node): void => {
    if (ts.isTypeReferenceNode(node) || ts.isExpressionWithTypeArguments(node)) {
      const name = ts.isTypeReferenceNode(node) ? node.typeName : node.expression;
      const symbol = checker.getSymbolAtLocation(name);
      if (symbol !== undefined) {
        const type = resolved(symbol, checker);
        const own = type.declarations?.some((d) => d.getSourceFile().fileName.startsWith(DIST));
        if (own && !(type.flags & ts.SymbolFlags.TypeParameter)) found.add(type);
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(declaration);
  return [...found];
}

function reach(type: ts.Symbol, checker: ts.TypeChecker, reached: Set<string>): void {
  if (reached.has(type.name)) return;
  reached.add(type.name);
  for (const declaration of type.declarations ?? []) {
    for (const next of namedTypes(declaration, checker)) reach(next, checker, reached);
  }
}

function code(example: string): string {
  const fenced = /```ts\n([\s\S]*?)```/.exec(example);
  return fenced?.[1] ?? '';
}

/**
 * The examples in the doc comments of the public functions: run on real inputs, and compiled, with a
 * program of a strict user, against the declarations that the package ships.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import ts from 'typescript';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exampleInputs, type Inputs } from './inputs.js';
import { publicApi } from './public.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CONSUMER = fileURLToPath(new URL('./consumer.ts', import.meta.url));

/** Runs each module of the command line in turn and prints its failure, or null, as JSON. */
const RUNNER = `const found = {};
console.log = () => {};
for (const path of process.argv.slice(2)) {
  found[path] = await import(path).then(() => null, (error) => String(error?.stack ?? error));
}
process.stdout.write(JSON.stringify(found));
`;

const examples = new Map<string, string>();
let inputs: Inputs;

beforeAll(async () => {
  inputs = await exampleInputs();
  for (const { name, examples: texts } of publicApi().functions) {
    for (const [k, text] of texts.entries()) examples.set(`${name}-${k}`, text);
  }
  writeFileSync(inputs.at('package.json'), JSON.stringify({ type: 'module' }));
  mkdirSync(inputs.at('node_modules', '@types'), { recursive: true });
  symlinkSync(ROOT, inputs.at('node_modules', 'bpb-harness'));
  symlinkSync(`${ROOT}/node_modules/@types/node`, inputs.at('node_modules', '@types', 'node'));
  for (const [name, text] of examples) writeFileSync(inputs.at(`${name}.ts`), text);
  cpSync(CONSUMER, inputs.at('consumer.ts'));
});

afterAll(() => inputs.remove());

test('every example runs', () => {
  const modules = [...examples].map(([name, text]) => {
    const { outputText } = ts.transpileModule(text, {
      compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 },
    });
    writeFileSync(inputs.at(`${name}.mjs`), outputText);
    return pathToFileURL(inputs.at(`${name}.mjs`)).href;
  });
  writeFileSync(inputs.at('runner.mjs'), RUNNER);
  const child = spawnSync(process.execPath, ['runner.mjs', ...modules], {
    cwd: inputs.folder,
    encoding: 'utf8',
  });
  expect(child.stderr).toBe('');
  const failures = JSON.parse(child.stdout) as Record<string, string | null>;
  expect(modules.length).toBeGreaterThanOrEqual(12);
  expect(failures).toEqual(Object.fromEntries(modules.map((module) => [module, null])));
});

test('examples and a strict user’s program compile against the declarations', () => {
  const files = [...examples.keys(), 'consumer'].map((name) => inputs.at(`${name}.ts`));
  const program = ts.createProgram(files, {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2023,
    lib: ['lib.es2023.d.ts'],
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    noEmit: true,
    types: ['node'],
    typeRoots: [inputs.at('node_modules', '@types')],
  });
  // The user's files and the package's own declarations; not the libraries that these use.
  const judged = program
    .getSourceFiles()
    .filter(({ fileName }) => files.includes(fileName) || fileName.startsWith(`${ROOT}dist/`));
  expect(judged.length).toBeGreaterThan(files.length + 10);
  const messages = judged
    .flatMap((file) => [
      ...program.getSyntacticDiagnostics(file),
      ...program.getSemanticDiagnostics(file),
    ])
    .map(
      ({ file, messageText }) =>
        `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`,
    );
  expect(messages).toEqual([]);
});

test('the package holds what its manifest points to', () => {
  const manifest = JSON.parse(readFileSync(`${ROOT}/package.json`, 'utf8'));
  const listed = spawnSync('npm', ['pack', '--dry-run', '--ignore-scripts', '--json'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  const files = (JSON.parse(listed.stdout)[0].files as { path: string }[]).map(({ path }) => path);
  for (const path of [manifest.main, manifest.types, manifest.bin.bpb])
    expect(files).toContain(path);
  expect(files).toContain('docs/reference-evaluator.mjs');
});

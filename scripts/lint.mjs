/**
 * `npm run lint` and `npm run format`: the formatter and linter of each language.
 *
 * Biome and TypeScript are installed by npm and always run. clang-format and ruff come from pip; where
 * one is missing, or is not the version that the configuration is written for, it is skipped by name.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const write = process.argv.includes('--write');

const CPP = ['*.cc', '*.h', '*.cu', '*.cuh'];
const PYTHON = ['*.py'];

/** @type {{ name: string, version?: string, steps: string[][], files?: string[] }[]} */
const TOOLS = [
  { name: 'biome', steps: [['check', ...(write ? ['--write'] : []), '.']] },
  ...(write ? [] : [{ name: 'tsc', steps: [['-p', 'tsconfig.json']] }]),
  {
    name: 'clang-format',
    version: pinned('.clang-format', /clang-format==(\d+)/),
    steps: [write ? ['-i'] : ['--dry-run', '--Werror']],
    files: CPP,
  },
  {
    name: 'ruff',
    version: pinned('pyproject.toml', /ruff==(\d+\.\d+)/),
    steps: write
      ? [
          ['check', '--fix', '--force-exclude'],
          ['format', '--force-exclude'],
        ]
      : [
          ['check', '--force-exclude'],
          ['format', '--check', '--force-exclude'],
        ],
    files: PYTHON,
  },
];

/** The version that a configuration file names: formatters differ from one to the next. */
function pinned(file, pattern) {
  return pattern.exec(readFileSync(join(ROOT, file), 'utf8'))[1];
}

/** Why a tool cannot run here; null where it can. */
function obstacle({ name, version }) {
  if (version === undefined) return null;
  const { error, stdout } = spawnSync(name, ['--version'], { encoding: 'utf8' });
  if (error !== undefined) return `not installed; it needs version ${version}`;
  const found = /\d+(\.\d+)*/.exec(stdout)?.[0] ?? 'unknown';
  return `${found}.`.startsWith(`${version}.`) ? null : `version ${found}; it needs ${version}`;
}

function tracked(patterns) {
  const options = { cwd: ROOT, encoding: 'utf8' };
  return execFileSync('git', ['ls-files', '-z', ...patterns], options)
    .split('\0')
    .filter(Boolean);
}

/** Whether the tool ran through all of its steps, or was skipped. */
function passes(tool) {
  const reason = obstacle(tool);
  if (reason !== null) {
    console.log(`skipped  ${tool.name}: ${reason}`);
    return true;
  }
  const files = tool.files === undefined ? [] : tracked(tool.files);
  const command =
    tool.version === undefined ? join(ROOT, 'node_modules/.bin', tool.name) : tool.name;
  return tool.steps.every((step) => {
    const { status, error } = spawnSync(command, [...step, ...files], {
      cwd: ROOT,
      stdio: 'inherit',
    });
    if (error !== undefined) console.error(`${tool.name}: ${error.message}`);
    return status === 0;
  });
}

// All of them run, so that one run shows everything.
const failed = TOOLS.filter((tool) => !passes(tool)).map(({ name }) => name);
if (failed.length > 0) {
  console.error(`failed: ${failed.join(', ')}`);
  process.exitCode = 1;
}

/** No name is exported that no other file uses. */
import { expect, test } from 'vitest';
import { codeFiles } from './sources.js';
import { TESTED_ALONE } from './tested-alone.js';

const sources = codeFiles(['src']);
const tests = codeFiles(['test']);
const others = codeFiles(['bench', 'scripts']);

/** The public API: its users are not in this repository. */
const API = 'src/index.ts';

/** `file: name` of all that `files` use; `file: *` where a whole file is used. */
function usedBy(files: readonly { imports: (typeof sources)[number]['imports'] }[]): Set<string> {
  const keys = files.flatMap(({ imports }) =>
    imports.flatMap(({ file, names }) => (names ?? ['*']).map((name) => `${file}: ${name}`)),
  );
  return new Set(keys);
}

const exported = sources
  .filter(({ path }) => path !== API)
  .flatMap(({ path, exports, types }) =>
    exports.map((name) => ({
      key: `${path}: ${name}`,
      whole: types.includes(name) ? null : `${path}: *`,
    })),
  );

const unusedBy = (used: ReadonlySet<string>) =>
  exported
    .filter(({ key, whole }) => !used.has(key) && (whole === null || !used.has(whole)))
    .map(({ key }) => key);

const byCode = usedBy([...sources, ...others]);
const byAll = new Set([...byCode, ...usedBy(tests)]);

test('every exported name is used by another file', () => {
  expect(unusedBy(byAll)).toEqual([]);
});

test('a name that tests alone use is listed, with the reason', () => {
  const unused = new Set(unusedBy(byAll));
  const byTestsAlone = unusedBy(byCode).filter((key) => !unused.has(key));
  expect(byTestsAlone.sort()).toEqual(Object.keys(TESTED_ALONE).sort());
});

/** Blocks of a document that a program writes: between `<!-- figures:NAME -->` and `<!-- /figures -->`. */
import { BpbError } from '../../dist/errors.js';

const BEGIN = /^<!-- figures:([a-z-]+) -->$/;
const END = '<!-- /figures -->';

function wrong(path, message) {
  return new BpbError({
    kind: 'input',
    code: 'BPB_GPU_FIGURES',
    path,
    message,
    expected: '<!-- figures:NAME -->, a blank line, text, a blank line, <!-- /figures -->',
  });
}

/** `[{name, from, to}]`: lines of each block's content, `to` exclusive. */
function blocks(lines, path) {
  const found = [];
  let open = null;
  for (const [i, line] of lines.entries()) {
    const name = BEGIN.exec(line)?.[1];
    if (name !== undefined) {
      if (open !== null) throw wrong(`${path}:${i + 1}`, `figures:${open.name} has no end before`);
      if (found.some((block) => block.name === name)) {
        throw wrong(`${path}:${i + 1}`, `figures:${name} is there twice`);
      }
      open = { name, from: i + 1 };
    } else if (line === END) {
      if (open === null) throw wrong(`${path}:${i + 1}`, 'an end without a beginning');
      found.push({ ...open, to: i });
      open = null;
    } else if (line.includes('figures:') && line.includes('<!--')) {
      throw wrong(`${path}:${i + 1}`, 'a marker that is not alone on its line');
    }
  }
  if (open !== null) throw wrong(`${path}:${open.from}`, `figures:${open.name} has no end`);
  return found;
}

export const namesIn = (text, path) => blocks(text.split('\n'), path).map(({ name }) => name);

/**
 * The document with each block's content in place of what stood there; blocks that `contents` does not
 * have are left alone.
 *
 * @throws BpbError (input) naming the line of a marker that is not right.
 */
export function replaceBlocks(text, contents, path) {
  const lines = text.split('\n');
  for (const { name, from, to } of blocks(lines, path).reverse()) {
    if (contents[name] === undefined) continue;
    lines.splice(from, to - from, '', ...contents[name].split('\n'), '');
  }
  return lines.join('\n');
}

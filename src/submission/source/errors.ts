/**
 * Refusals of what cannot be audited as a source; each is an `input` error, exit 3.
 */
import { type BpbError, inputError } from '../../errors.js';

export function missing(path: string, actual: string, cause?: unknown): BpbError {
  return inputError('BPB_SOURCE_MISSING', {
    message: 'the source cannot be read',
    path,
    expected: 'a readable Python script, a folder of scripts, or - for stdin',
    actual,
    hint: 'Give the path of the training script, or of its folder.',
    ...(cause === undefined ? {} : { cause }),
  });
}

/** A FIFO would be waited for, and a device may have no end. */
export function noPlainFile(path: string, actual: string): BpbError {
  return inputError('BPB_SOURCE_MISSING', {
    message: 'the source is no plain file',
    path,
    expected: 'a regular file, a folder, or - for stdin',
    actual,
    hint: 'Write the script to a file, or pass it on stdin: --source - < SCRIPT',
  });
}

export function tooLarge(path: string, expected: string, actual: string): BpbError {
  return inputError('BPB_SOURCE_TOO_LARGE', {
    message: 'the source is too large to be audited',
    path,
    expected,
    actual,
    hint: 'Give the training script itself, or a folder with that script and its modules alone.',
  });
}

export function tooDeep(path: string): BpbError {
  return inputError('BPB_SOURCE_TOO_LARGE', {
    message: 'the source is nested too deeply to be audited',
    path,
    expected: 'brackets and blocks as a script has them',
    actual: 'nesting that exhausts the stack',
    hint: 'Is this a Python training script?',
  });
}

export function binary(path: string): BpbError {
  return inputError('BPB_SOURCE_BINARY', {
    message: 'the source is not text',
    path,
    expected: 'a Python script in UTF-8',
    actual: 'a file with NUL bytes',
    hint: 'Give the training script, not the model or an archive.',
  });
}

export function notPython(path: string, errors: number): BpbError {
  return inputError('BPB_SOURCE_NOT_PYTHON', {
    message: 'the source is not Python',
    path,
    expected: 'a Python script',
    actual: `more than ${errors} syntax errors`,
    hint: 'Give the training script, not a log or a data file.',
  });
}

export function notebook(path: string): BpbError {
  return inputError('BPB_SOURCE_NOT_PYTHON', {
    message: 'the source is a notebook, not a script',
    path,
    expected: 'a Python script',
    actual: 'JSON with a list of cells',
    hint: 'Write it as a script first: jupyter nbconvert --to script NOTEBOOK; lines with ! or % are no Python.',
  });
}

/**
 * What of a program is run: the texts that begin it, and the modules and files beside them.
 */
import { CASE_OPERATORS } from '../published-set.js';
import type { SourceModule } from '../python/runtime.js';
import type { Program, SourceUnit } from '../source/types.js';
import type { VocabularyKind } from './vocabulary.js';

/** A text that is run as `__main__`. */
export interface Entry {
  readonly module: SourceModule;
  /** Name of its file. */
  readonly name: string;
  readonly text: string;
  /** Names that the path of the given file may have among the files of the run, with their texts. */
  readonly files: ReadonlyMap<string, string>;
  readonly modules: ReadonlyMap<string, SourceModule>;
}

/** Most scripts of a folder that are run. */
const ENTRIES_MAX = 8;

const SCORES = /bpb|bits_?per_?byte|cross_entropy|nll|log_softmax|logsumexp|is_byte|IsByte/i;
/** A preparation of data: texts are encoded, and ids written. */
const ENCODES = /\.encode\w*\(|EncodeAsIds/;
const WRITES = /tobytes|tofile|write_bytes|struct\.pack|\.save\(/;
const SIDECAR = /sidecar|val_bytes|case_?ops|_bytes_\*/i;
/** A case operator, as it is or as its number. */
const OPERATOR = /[\ue001-\ue004]|(\\u|\b0x)e00[1-4]\b/i;
const TOKENIZER = /sentencepiece|is_byte|id_to_piece|IdToPiece/;
const BYTE_VOCABULARY = /byte260|\b260\b|256\s*\+\s*4|4\s*\+\s*256/;

/** The scripts that may score something, each as the text that really runs where it is packed. */
export function entriesOf(program: Program): Entry[] {
  const files = new Map<string, string>();
  const modules = new Map<string, SourceModule>();
  for (const unit of program.units) {
    if (unit.layer === 0) files.set(nameOf(unit, program), unit.source.text);
  }
  for (const [name, unit] of program.modules) modules.set(name, moduleOf(lastLayer(unit)));
  return program.entries
    .map((unit): Entry => {
      const run = lastLayer(unit);
      const name = nameOf(unit, program);
      return { module: moduleOf(run), name, text: run.source.text, files, modules };
    })
    .filter(({ text }) => SCORES.test(text) || (ENCODES.test(text) && WRITES.test(text)))
    .slice(0, ENTRIES_MAX);
}

/** The vocabularies to run an entry with, the one of its defaults first. */
export function vocabulariesOf({ text, modules }: Entry): VocabularyKind[] {
  const all = [text, ...[...modules.values()].map(({ source }) => source.text)].join('\n');
  const first = !TOKENIZER.test(all) && BYTE_VOCABULARY.test(all) ? 'bytes' : 'pieces';
  return SIDECAR.test(all) ? [first, 'operators'] : [first];
}

/** Encodes texts, writes what comes of them, and knows case operators. */
export function preparesCased({ text, modules }: Entry): boolean {
  const all = [text, ...[...modules.values()].map(({ source }) => source.text)];
  const knows = all.some((each) => CASE_OPERATORS.test(each) || OPERATOR.test(each));
  return ENCODES.test(text) && WRITES.test(text) && knows;
}

const moduleOf = ({ source, layer }: SourceUnit): SourceModule => ({ source, layer });

function nameOf(unit: SourceUnit, program: Program): string {
  return unit.file ?? program.path.slice(program.path.lastIndexOf('/') + 1);
}

/** Deeper packings are not followed. */
const DEPTH_MAX = 8;

/** What a text comes to that only unpacks another one and runs it. */
function lastLayer(unit: SourceUnit, depth = 0): SourceUnit {
  const [next] = [...unit.runs.values()].slice(-1);
  return next === undefined || depth >= DEPTH_MAX ? unit : lastLayer(next, depth + 1);
}

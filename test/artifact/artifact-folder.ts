/** Folders of an artifact, with any files and any field of the manifest changed. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { temporaryFolder } from '../helpers/folder.js';

/** The model is `model.onnx` of the byte vocabulary, if the manifest is not changed. */
export function artifactOf(
  files: Readonly<Record<string, Uint8Array | string>>,
  over: Readonly<Record<string, unknown>>,
): string {
  const folder = join(temporaryFolder(), 'artifact');
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  const manifest = {
    format: 'bpb-artifact/1',
    name: 'x',
    model: { path: 'model.onnx' },
    tokenizer: { kind: 'byte260' },
    counted: ['model.onnx'],
    ...over,
  };
  writeFileSync(join(folder, 'artifact.json'), JSON.stringify(manifest));
  return folder;
}

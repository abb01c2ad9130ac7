/**
 * Check that a model's external data is none of the files that it is scored on.
 */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import type { Artifact } from '../../artifact/load.js';
import { inputError } from '../../errors.js';
import type { OpenData } from '../open-data.js';

/**
 * A bare model beside the shards could read them as weights, and predict what it is scored on.
 *
 * @param docs file of documents, or the name of a built-in set
 * @throws BPB_MODEL_EXTERNAL_DATA (input), naming the file
 */
export async function checkExternalData(
  { external, model }: Pick<Artifact, 'external' | 'model'>,
  { shards, sidecar }: Pick<OpenData, 'shards' | 'sidecar'>,
  docs: string | undefined,
): Promise<void> {
  if (external.length === 0) return;
  const scored = new Set([...shards, ...(sidecar?.files ?? [])].map(({ sha256 }) => sha256));
  if (docs !== undefined && existsSync(docs)) scored.add(await fileSha256(docs));
  const both = external.find(
    ({ sha256, contentSha256 }) => scored.has(sha256) || scored.has(contentSha256),
  );
  if (both === undefined) return;
  throw inputError('BPB_MODEL_EXTERNAL_DATA', {
    message: 'the model reads as weights what it is scored on',
    path: model.path,
    expected: 'external data of its own',
    actual: `${both.name}, which is among the shards, sidecars or documents`,
    hint: 'export the model with external_data=False, and score that file',
  });
}

async function fileSha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

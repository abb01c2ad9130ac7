/**
 * Reading of the files that a manifest counts.
 */
import { realpathSync, statSync } from 'node:fs';
import { inputError } from '../errors.js';
import { examineCounted } from './code.js';
import { readDecompressed } from './decompress.js';
import type { Manifest } from './manifest.js';
import { identityOf } from './plain-file.js';
import { type CountedFile, sha256 } from './size.js';

/**
 * @param inside resolves a path of the manifest, which must lie in the artifact
 * @throws BPB_MANIFEST_INVALID where `code` names a file that is not counted; as `readDecompressed`
 */
export async function readCounted(
  { counted, code = [] }: Pick<Manifest, 'counted' | 'code'>,
  manifestPath: string,
  inside: (name: string) => string,
): Promise<CountedFile[]> {
  const named = new Set(code.map((name) => realpathSync(inside(name))));
  const files = await Promise.all(
    counted.map(async (name) => {
      const path = realpathSync(inside(name));
      const { stored, content } = await readDecompressed(inside(name));
      return {
        path,
        name,
        identity: identityOf(statSync(path)),
        bytes: stored.length,
        sha256: sha256(stored),
        contentSha256: sha256(content),
        ...examineCounted(path, content, named.has(path)),
      };
    }),
  );
  const paths = new Set(files.map(({ path }) => path));
  const missing = code.find((name) => !paths.has(realpathSync(inside(name))));
  if (missing === undefined) return files;
  throw inputError('BPB_MANIFEST_INVALID', {
    message: `\`code\` names \`${missing.slice(0, 200)}\`, which \`counted\` does not name`,
    path: manifestPath,
    expected: 'code that is counted',
    actual: `${counted.length} counted files without it`,
    hint: 'add it to `counted` in artifact.json',
  });
}

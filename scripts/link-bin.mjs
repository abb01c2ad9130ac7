/**
 * In a clone, puts `bpb` where npx looks first: npm links the bins of dependencies, not of the
 * package itself, and npx would otherwise install the clone into its own cache at the first call.
 */
import { chmodSync, existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const main = join(root, 'dist', 'cli', 'main.js');
const bin = join(root, 'node_modules', '.bin');

chmodSync(main, 0o755);
if (existsSync(join(root, 'node_modules')) && process.platform !== 'win32') {
  mkdirSync(bin, { recursive: true });
  rmSync(join(bin, 'bpb'), { force: true });
  symlinkSync('../../dist/cli/main.js', join(bin, 'bpb'));
}

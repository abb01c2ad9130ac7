/** A Python with the modules a test needs: `BPB_PYTHON`, or the one on the path. */
import { spawnSync } from 'node:child_process';

/** Undefined where there is none; the tests that need it then skip by name. */
export function pythonWith(...modules: string[]): string | undefined {
  const candidates = [process.env['BPB_PYTHON'], 'python3'];
  return candidates.find(
    (path) => path && spawnSync(path, ['-c', `import ${modules.join(', ')}`]).status === 0,
  );
}

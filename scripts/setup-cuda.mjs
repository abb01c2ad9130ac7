/** `npm run setup:cuda` in a clone; all of it is in src/doctor/setup-cuda.ts. */
import { existsSync } from 'node:fs';

const built = new URL('../dist/doctor/setup-cuda.js', import.meta.url);
if (!existsSync(built)) {
  console.error('The harness is not built: run npm ci or npm run build first.');
  process.exit(4);
}
const { parseSetup, setupCuda, SETUP_USAGE } = await import(built.href);
const { asBpbError } = await import('../dist/errors.js');
const { errorLines } = await import('../dist/report/error.js');
try {
  const flags = parseSetup(process.argv.slice(2));
  console.log(flags.help ? SETUP_USAGE : await setupCuda(flags));
} catch (error) {
  const known = asBpbError(error);
  console.error(errorLines(known));
  process.exitCode = known.exitCode;
}

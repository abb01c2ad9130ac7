/** Files of JSON lines: appended to as soon as something is known, so that a killed step leaves all of it. */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';

/** The objects of a file, none where there is no file; a line that a killed step left torn is passed over. */
export function readLines(path) {
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((text) => {
      try {
        return text === '' ? [] : [JSON.parse(text)];
      } catch {
        return [];
      }
    });
}

export function addLine(path, object) {
  appendFileSync(path, `${JSON.stringify(object)}\n`);
}

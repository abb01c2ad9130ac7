/**
 * Paths of the values in a JSON document, as docs pages write them: `score.val_bpb`,
 * `coverage.skipped[].reason`.
 */

/** A document's values by path: leaves, and each object or array of objects that holds them. */
export interface Paths {
  /** Numbers, texts, booleans, null, arrays of these, and what is empty. */
  readonly leaves: ReadonlySet<string>;
  /** Of the leaves those that are an empty array or object. */
  readonly empty: ReadonlySet<string>;
  /** Objects and arrays of objects, by path; '' is the document. */
  readonly parents: ReadonlySet<string>;
}

export function pathsOf(document: unknown): Paths {
  const leaves = new Set<string>();
  const empty = new Set<string>();
  const parents = new Set<string>();
  const visit = (value: unknown, path: string): void => {
    if (Array.isArray(value) && value.some((item) => typeof item === 'object' && item !== null)) {
      parents.add(path);
      for (const item of value) visit(item, `${path}[]`);
    } else if (isRecord(value) && Object.keys(value).length > 0) {
      parents.add(path);
      for (const [key, item] of Object.entries(value)) {
        visit(item, path === '' ? key : `${path}.${key}`);
      }
    } else {
      leaves.add(path);
      if (typeof value === 'object' && value !== null && Object.keys(value).length === 0)
        empty.add(path);
    }
  };
  // As a reader gets it: without what JSON leaves out.
  visit(JSON.parse(JSON.stringify(document)), '');
  return { leaves, empty, parents };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

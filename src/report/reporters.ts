/**
 * The list of reporters. A new one is a file of its own and an entry here.
 */
import { jsonReporter } from './json.js';
import { markdownReporter } from './markdown.js';
import type { Reporter } from './reporter.js';
import { textReporter } from './text.js';

/** In the order that help and errors show; the first is the default. */
export const REPORTERS: readonly Reporter[] = [textReporter, jsonReporter, markdownReporter];

/**
 * Exported names that only tests use, with the reason for each.
 */
export const TESTED_ALONE: Readonly<Record<string, string>> = {};

import { bundledChecks } from './bundled.js';
import type { Check } from './check.js';
import { engineChecks } from './engine.js';

export const checks: readonly Check[] = [...engineChecks, ...bundledChecks];

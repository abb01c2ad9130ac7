/**
 * What the objects of the library may ask of the interpreter that runs them, and what it asks of the world.
 *
 * The declarations lie with the values, which need them and are needed by them.
 */
export type { Host, Runtime, SourceModule } from './values.js';

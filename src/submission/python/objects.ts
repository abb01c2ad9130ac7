/**
 * The objects of the interpreter, for the modules of the library.
 */
export { PyBytes } from './bytes.js';
export { PyClass, PyInstance } from './object-classes.js';
export { NativeMethod, NativeType } from './object-descriptors.js';
export { PyFunction, PyIterator } from './object-functions.js';
export { PyDict } from './object-mappings.js';
export { PyList, PyTuple } from './object-sequences.js';

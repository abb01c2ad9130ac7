/**
 * The objects of the interpreter, for the modules of the library.
 */
export { PyBytes } from './bytes.js';
export { PyClass, PyInstance } from './object-classes.js';
export { BoundMethod, Descriptor, NativeMethod, NativeType } from './object-descriptors.js';
export { PyFunction, PyIterator } from './object-functions.js';
export { PyDict, PySet } from './object-mappings.js';
export { PyList, PyRange, PySlice, PyTuple, spanOf } from './object-sequences.js';
export { PySuper } from './object-super.js';

/**
 * Which operators a model may be made of: those that compute from their inputs alone.
 *
 * The domains are those of onnx 1.21 (`onnx.defs.get_all_schemas()`) and of onnxruntime 1.30
 * (`get_all_operator_schema()`), whose operators were gone through by name and by their text attributes.
 */

/** Domains that are accepted, with what their operators are. */
export const DOMAINS: ReadonlyMap<string, string> = new Map([
  ['', "ONNX's own"],
  ['ai.onnx.ml', "ONNX's, for classical models"],
  ['ai.onnx.preview.training', "ONNX's, for steps of optimizers"],
  ['com.microsoft', "ONNX Runtime's own"],
  ['com.microsoft.nchwc', 'written by its optimizer, for layouts of convolutions'],
  ['com.ms.internal.nhwc', 'the same for other layouts'],
]);

/** Operators of these domains that do more than compute, by `domain:type`. Nobody can allow them. */
export const REACHING: ReadonlyMap<string, string> = new Map([
  ['com.microsoft:EPContext', 'which reads a file, or runs what another program compiled'],
  ['com.microsoft:Snpe', 'which runs what another program compiled'],
  ['com.microsoft:PythonOp', 'which calls Python'],
  ['com.microsoft:PythonOpGrad', 'which calls Python'],
  ['com.microsoft:TritonOp', 'which calls Python'],
  ['com.microsoft:ATen', 'which calls PyTorch'],
  ['com.microsoft:ExternalOp', 'which calls another program'],
  [':EfficientNMS_TRT', 'which runs a plugin of TensorRT'],
  [':MultilevelCropAndResize_TRT', 'which runs a plugin of TensorRT'],
  [':PyramidROIAlign_TRT', 'which runs a plugin of TensorRT'],
]);

/** Attributes that hold any text, by `domain:type`; all others are words that a schema lists. */
export const TEXTS: ReadonlyMap<string, readonly string[]> = new Map([
  [':Constant', ['value', 'value_string', 'value_strings']],
  [':Einsum', ['equation']],
  [':RegexFullMatch', ['pattern']],
  [':StringNormalizer', ['stopwords']],
  [':StringSplit', ['delimiter']],
  [':TfIdfVectorizer', ['pool_strings']],
  ['com.microsoft:Tokenizer', ['pad_value', 'separators', 'tokenexp']],
]);

/** Its operators map texts to numbers and back. */
export const TEXT_DOMAIN = 'ai.onnx.ml';

/**
 * Session settings of ONNX Runtime that all sessions of all engines have in common.
 */

/** Config entries; keys and values are ONNX Runtime's own. */
export const SESSION_CONFIG: Readonly<Record<string, string>> = {
  // Else the runtime takes bytes 4 to 7 for the mark of its own format, and runs another model than is read.
  'session.load_model_format': 'ONNX',
  // By default DequantizeLinear + MatMul become a product with int8 ACTIVATIONS, off by 0.5–3 %.
  // Without the rewrite, constants are dequantized once and everything is computed in fp32.
  'session.disable_quant_qdq': '1',
  // Should a MatMulNBits be made all the same, level 0 keeps its activations as they are.
  'session.qdq_matmulnbits_accuracy_level': '0',
  // Threads that spin while they wait take the cores from the sessions of other workers. Measured on
  // two busy cores with 24 products of 512: two threads took 0.10 s a batch without spinning and
  // 0.12 to 0.17 s with it; one thread is as fast either way.
  'session.intra_op.allow_spinning': '0',
};

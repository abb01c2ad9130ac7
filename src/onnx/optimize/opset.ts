/**
 * Whether a graph may import a later version of ai.onnx: only where every operator in it means the
 * same there.
 */
import type { Node } from '../graph.js';
import { DOMAIN } from './own-operators.js';
import { MICROSOFT, type Workspace } from './workspace.js';

/** ai.onnx Attention begins here. */
const ATTENTION_OPSET = 23;

/** Below it Softmax, Squeeze, Unsqueeze, Split and ReduceSum were other operators by the same name. */
const FIRST = 13;

/**
 * Operators whose versions from 13 to 23 differ in the types that they take, or in attributes whose
 * default is what was before (ONNX, Operators.md and Changelog.md). SimplifiedLayerNormalization is
 * the runtime's own and has one version.
 */
const SAME = new Set(
  [
    'Identity Cast Constant ConstantOfShape Shape Size Reshape Squeeze Unsqueeze Transpose Expand',
    'Concat Slice Gather GatherElements GatherND Tile Where Range Trilu',
    'Add Sub Mul Div Pow Mod Min Max Sum Mean Neg Abs Sqrt Reciprocal Exp Log Sin Cos Sign Floor Ceil',
    'Equal Less LessOrEqual Greater GreaterOrEqual And Or Xor Not IsNaN',
    'Relu LeakyRelu Sigmoid Tanh Erf Gelu Elu Softplus HardSigmoid HardSwish Mish Clip',
    'MatMul Gemm Einsum Softmax LogSoftmax CumSum ReduceSum LayerNormalization DequantizeLinear',
    'SimplifiedLayerNormalization',
  ]
    .join(' ')
    .split(' '),
);

/** Since 18 they take their axes, or the number of parts, in another way. */
const CHANGED: Readonly<Record<string, (node: Node) => boolean>> = {
  Split: ({ inputs, attributes }) => Boolean(inputs[1]) || attributes.has('num_outputs'),
  ReduceMean: ({ attributes }) => !attributes.has('axes'),
  ReduceMax: ({ attributes }) => !attributes.has('axes'),
  ReduceMin: ({ attributes }) => !attributes.has('axes'),
};

/** Raises the import to at least that of Attention; a sentence where it stays, null where it is there. */
export function raiseForAttention(ws: Workspace): string | null {
  const { opset } = ws;
  if (opset >= ATTENTION_OPSET) return null;
  if (opset < FIRST) return `opset ${opset}, before ${FIRST}`;
  for (const node of ws.graph.nodes) {
    if ([...node.attributes.values()].some(({ captures }) => captures.length > 0)) {
      return `${node.op} with a subgraph`;
    }
    if (node.domain === MICROSOFT || node.domain === DOMAIN) continue;
    // A local function's nodes are put into the graph, where its own import does not hold.
    if (node.domain !== '') return `${node.op} of ${node.domain}, which may be a function`;
    if (!(SAME.has(node.op) || (opset >= 18 && node.op in CHANGED) || CHANGED[node.op]?.(node))) {
      return `${node.op} may mean something else at opset ${ATTENTION_OPSET}`;
    }
  }
  ws.opset = ATTENTION_OPSET;
  return null;
}

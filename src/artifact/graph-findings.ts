/**
 * What a model's graphs say about its number before it is run: score and probe report the same.
 */
import { type Finding, fail, note, warn } from '../finding.js';
import type { NamedNode } from '../onnx/activations.js';
import { readSummary } from '../onnx/summary.js';
import { plural } from '../words.js';
import type { Artifact } from './load.js';
import { computedHalf, halvedNodes, logitsHalf } from './precision.js';

/** Names of nodes that a message lists of each operator. */
const NAMES_SHOWN = 3;

/** Id of the finding that no batch size gives the model's own number. */
export const BATCH_DEPENDENT = 'batch-dependent';

/** Findings about the model's graph, and about the adapt graph of an artifact that has one. */
export function graphFindings({
  model,
  adaptive,
  allowedOperators,
}: Pick<Artifact, 'model' | 'adaptive' | 'allowedOperators'>): Finding[] {
  const { pooled, rounded, weightOnly, random } = model.graph.activations;
  const adapt = adaptive?.adapt ?? null;
  const inAdapt = adapt === null ? null : readSummary(adapt.bytes, adapt.path).activations;
  const dependent = batchDependent([...pooled, ...(inAdapt?.pooled ?? [])]);
  const chance = [...random, ...(inAdapt?.random ?? [])];
  const findings = [...dependent, ...drawing(chance), ...allowed(allowedOperators)];
  // Without a number there is nothing to compare it with.
  if (dependent.length > 0) return findings;
  if (rounded.length > 0) {
    findings.push(
      warn(
        'rounded-activations',
        `the graph itself rounds activations, to int8 as a rule: ${listed(rounded)}`,
        'this is the score of the rounded model; for exact products leave accuracy_level out of MatMulNBits, and quantize the weights only',
      ),
    );
  }
  if (weightOnly.length > 0) {
    findings.push(
      note(
        'weight-only',
        `computed in fp32 as the graph says: ${plural(weightOnly.length, 'product')} with quantized weights, in which onnxruntime by default may round activations to int8`,
        'its own figure may differ by 1e-4 of the loss; its session option session.disable_quant_qdq=1 gives this one',
      ),
    );
  }
  // Logits in 16 bits say so themselves.
  const halved = halvedNodes({ model, adaptive });
  if (halved.length > 0 && logitsHalf(model) === null) {
    findings.push(
      note(
        'half-precision',
        `the graph computes in ${computedHalf({ model, adaptive })} though its logits are fp32: ${listed(halved)}`,
        'verification then allows a mean size of 1e-3 nats in place of 1e-5, because the order of roundings moves every target; export in fp32 for the tighter one',
      ),
    );
  }
  return findings;
}

/** ONNX Runtime's generators keep their state from run to run, seeded or not. */
function drawing(nodes: readonly NamedNode[]): Finding[] {
  if (nodes.length === 0) return [];
  return [
    warn(
      'random-operators',
      `the graph draws random numbers, so that another run may give another number: ${listed(nodes)}`,
      'export in evaluation mode: model.eval(); bpb probe shows whether runs differ',
    ),
  ];
}

function allowed(operators: readonly string[]): Finding[] {
  if (operators.length === 0) return [];
  return [
    note(
      'allowed-operators',
      `the caller allowed ${plural(operators.length, 'operator')} that nobody has looked at: ${operators.join(', ')}`,
      'without --allow-op the artifact is refused, and the refusal names the node',
    ),
  ];
}

function batchDependent(nodes: readonly NamedNode[]): Finding[] {
  const normalizing = nodes.filter(({ op }) => op.endsWith('Normalization'));
  const quantizing = nodes.filter(({ op }) => !op.endsWith('Normalization'));
  const findings: Finding[] = [];
  if (quantizing.length > 0) {
    findings.push(
      fail(
        BATCH_DEPENDENT,
        `no batch size gives this model's own number: it takes one scale for the activations of a whole batch, so that later tokens and other rows change every prediction, in ${listed(quantizing)}`,
        'quantize the weights only (python -m onnxruntime.quantization.matmul_nbits_quantizer --input_model float.onnx --output_model model.onnx), or the activations with fixed scales (onnxruntime.quantization.quantize_static)',
      ),
    );
  }
  if (normalizing.length > 0) {
    findings.push(
      fail(
        BATCH_DEPENDENT,
        `no batch size gives this model's own number: it normalizes by the mean and variance of a whole batch, so that later tokens and other rows change every prediction, in ${listed(normalizing)}`,
        'export in evaluation mode: model.eval(), and without training=TrainingMode.TRAINING',
      ),
    );
  }
  return findings;
}

/** `2 nodes: DynamicQuantizeLinear (a, b)` */
function listed(nodes: readonly NamedNode[]): string {
  const names = new Map<string, string[]>();
  for (const { op, name } of nodes) names.set(op, [...(names.get(op) ?? []), name]);
  const each = [...names].map(([op, own]) => {
    const more = own.length > NAMES_SHOWN ? ` and ${own.length - NAMES_SHOWN} more` : '';
    return `${op} (${own.slice(0, NAMES_SHOWN).join(', ')}${more})`;
  });
  return `${plural(nodes.length, 'node')}: ${each.join(', ')}`;
}

/**
 * Reads from an ONNX file what must be known before any runtime is handed it: its ports, its
 * operators, its functions, and whether its tensors lie elsewhere.
 *
 * Field numbers are those of onnx.proto (IR 10). Weights are never copied.
 */
import { WIRE, WireReader } from '../protobuf/wire.js';

/** An input or output of the graph. */
export interface Port {
  readonly name: string;
  /** ONNX element type (1 float, 6 int32, 7 int64, 10 float16, 16 bfloat16); 0 when not a tensor. */
  readonly elementType: number;
  /** A number for a fixed axis, its name for a symbolic one; null when the shape is not given. */
  readonly dims: readonly (number | string)[] | null;
}

/** A model-local function: the operators in its body, as `domain:type`. */
export interface LocalFunction {
  readonly id: string;
  readonly calls: readonly string[];
}

export interface OnnxSummary {
  readonly irVersion: number;
  /** `domain` to version; the default domain is the empty string. */
  readonly opsets: ReadonlyMap<string, number>;
  /** Inputs that the caller must give: those without an initializer of the same name. */
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  /** `domain:type` of every node, in subgraphs too, with how often it stands. */
  readonly operators: ReadonlyMap<string, number>;
  readonly functions: readonly LocalFunction[];
  /** Names of tensors whose data is in another file. */
  readonly externalTensors: readonly string[];
  /** Nodes that ask for int8 activations: MatMulNBits of accuracy level 4. */
  readonly quantizedActivations: number;
}

/** Subgraphs inside subgraphs beyond this are refused: runtimes recurse on them. */
const MAX_DEPTH = 32;

/** @throws BPB_MODEL_NOT_ONNX with the offset at which it stops being one */
export function readOnnx(bytes: Uint8Array, path: string): OnnxSummary {
  const reader = new WireReader(bytes, { path, code: 'BPB_MODEL_NOT_ONNX', what: 'an ONNX model' });
  return new OnnxReader().model(reader);
}

class OnnxReader {
  private readonly operators = new Map<string, number>();
  private readonly externalTensors: string[] = [];
  private quantizedActivations = 0;

  model(reader: WireReader): OnnxSummary {
    const opsets = new Map<string, number>();
    const functions: LocalFunction[] = [];
    let irVersion = 0;
    let graph: { inputs: Port[]; outputs: Port[] } | null = null;
    while (reader.next()) {
      if (reader.field === 1) irVersion = reader.integer();
      else if (reader.field === 7) {
        // A second graph would silently replace or extend the first, as the parser pleases.
        if (graph !== null) throw reader.refuse('a second graph');
        graph = this.graph(reader.message(), 0);
      } else if (reader.field === 8) this.opset(reader.message(), opsets);
      else if (reader.field === 25) functions.push(this.localFunction(reader.message()));
      else reader.skip();
    }
    if (graph === null) throw reader.refuse('no graph');
    return {
      irVersion,
      opsets,
      ...graph,
      operators: this.operators,
      functions,
      externalTensors: this.externalTensors,
      quantizedActivations: this.quantizedActivations,
    };
  }

  private opset(reader: WireReader, opsets: Map<string, number>): void {
    let domain = '';
    let version = 0;
    while (reader.next()) {
      if (reader.field === 1) domain = reader.string();
      else if (reader.field === 2) version = reader.integer();
      else reader.skip();
    }
    opsets.set(domain, version);
  }

  private graph(reader: WireReader, depth: number): { inputs: Port[]; outputs: Port[] } {
    if (depth > MAX_DEPTH) throw reader.refuse(`subgraphs nested deeper than ${MAX_DEPTH}`);
    const inputs: Port[] = [];
    const outputs: Port[] = [];
    const initialized = new Set<string>();
    while (reader.next()) {
      if (reader.field === 1) this.node(reader.message(), depth, (id) => this.count(id));
      else if (reader.field === 5) initialized.add(this.tensor(reader.message()));
      else if (reader.field === 11) inputs.push(this.port(reader.message()));
      else if (reader.field === 12) outputs.push(this.port(reader.message()));
      else reader.skip();
    }
    return { inputs: inputs.filter((port) => !initialized.has(port.name)), outputs };
  }

  private count(operator: string): void {
    this.operators.set(operator, (this.operators.get(operator) ?? 0) + 1);
  }

  private node(reader: WireReader, depth: number, seen: (operator: string) => void): void {
    let type = '';
    let domain = '';
    let level = 0;
    while (reader.next()) {
      if (reader.field === 4) type = reader.string();
      else if (reader.field === 7) domain = reader.string();
      else if (reader.field === 5) {
        const { name, integer } = this.attribute(reader.message(), depth);
        if (name === 'accuracy_level') level = integer;
      } else reader.skip();
    }
    if (type === 'MatMulNBits' && level === 4) this.quantizedActivations++;
    seen(`${domain}:${type}`);
  }

  private attribute(reader: WireReader, depth: number): { name: string; integer: number } {
    let name = '';
    let integer = 0;
    while (reader.next()) {
      const holdsTensor = reader.field === 5 || reader.field === 10;
      const holdsGraph = reader.field === 6 || reader.field === 11;
      if (holdsTensor && reader.wire === WIRE.bytes) this.tensor(reader.message());
      else if (holdsGraph && reader.wire === WIRE.bytes) this.graph(reader.message(), depth + 1);
      else if (reader.field === 1) name = reader.string();
      else if (reader.field === 3) integer = Number(reader.int64());
      else reader.skip();
    }
    return { name, integer };
  }

  /** The tensor's name; notes it when its data lies outside. */
  private tensor(reader: WireReader): string {
    let name = '';
    let external = false;
    while (reader.next()) {
      if (reader.field === 8) name = reader.string();
      else if (reader.field === 13) {
        external = true;
        reader.skip();
      } else if (reader.field === 14) external = reader.integer() === 1 || external;
      else reader.skip();
    }
    if (external) this.externalTensors.push(name);
    return name;
  }

  private port(reader: WireReader): Port {
    let name = '';
    let type: Pick<Port, 'elementType' | 'dims'> = { elementType: 0, dims: null };
    while (reader.next()) {
      if (reader.field === 1) name = reader.string();
      else if (reader.field === 2) type = this.type(reader.message());
      else reader.skip();
    }
    return { name, ...type };
  }

  private type(reader: WireReader): Pick<Port, 'elementType' | 'dims'> {
    let elementType = 0;
    let dims: (number | string)[] | null = null;
    while (reader.next()) {
      if (reader.field !== 1) {
        reader.skip();
        continue;
      }
      const tensor = reader.message();
      while (tensor.next()) {
        if (tensor.field === 1) elementType = tensor.integer();
        else if (tensor.field === 2) dims = this.shape(tensor.message());
        else tensor.skip();
      }
    }
    return { elementType, dims };
  }

  private shape(reader: WireReader): (number | string)[] {
    const dims: (number | string)[] = [];
    while (reader.next()) {
      if (reader.field !== 1) {
        reader.skip();
        continue;
      }
      let dim: number | string = '?';
      const entry = reader.message();
      while (entry.next()) {
        if (entry.field === 1) dim = entry.integer();
        else if (entry.field === 2) dim = entry.string();
        else entry.skip();
      }
      dims.push(dim);
    }
    return dims;
  }

  private localFunction(reader: WireReader): LocalFunction {
    let name = '';
    let domain = '';
    const calls: string[] = [];
    while (reader.next()) {
      if (reader.field === 1) name = reader.string();
      else if (reader.field === 10) domain = reader.string();
      else if (reader.field === 7) this.node(reader.message(), 0, (id) => calls.push(id));
      else reader.skip();
    }
    return { id: `${domain}:${name}`, calls };
  }
}

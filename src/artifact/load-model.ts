/**
 * Loading of a model file: from what is stored to the bytes that every runtime and every check gets.
 */
import { usageError } from '../errors.js';
import { bindModel } from '../onnx/bind/bind.js';
import type {
  BindRequest,
  BoundModel,
  InputKind,
  InputRule,
  LogitsKind,
} from '../onnx/bind/types.js';
import { openShapes } from '../onnx/open-shapes.js';
import { type OnnxSummary, readSummary } from '../onnx/summary.js';
import { shared } from '../shared-memory.js';
import { allowedOps } from './allowed-ops.js';
import { readModelFile } from './model-file.js';
import type { StoredFile } from './size.js';

/**
 * What a caller says of a model: its inputs and outputs, before what the manifest says of them, and the
 * operators that are trusted.
 */
export interface PortOptions {
  /** Values of inputs beside the token ids, by name; `*` in a name stands for any text. */
  input?: Readonly<Record<string, InputKind>> | undefined;
  /** Input of the token ids; by default the manifest's, `input_ids`, or the only one that can be. */
  tokensInput?: string | undefined;
  /** Output of the logits; by default the manifest's, `logits`, or the only one that can be. */
  logitsOutput?: string | undefined;
  /** What that output holds, `logits` by default; of `probabilities` the logarithm is taken. */
  logitsAre?: LogitsKind | undefined;
  /** Operators of other domains than the runtime's that are accepted, each as `DOMAIN::NAME`. */
  allowOp?: readonly string[] | undefined;
}

/** Ports and settings of a model, as a manifest names them; a bare model has none. */
interface ModelRequest {
  readonly tokens?: string | undefined;
  readonly logits?: string | undefined;
  readonly softcap?: number | null;
  readonly inputs?: Readonly<Record<string, InputKind>> | undefined;
  readonly logitsAre?: LogitsKind | undefined;
  /** Directory that files of external data must be inside: the artifact's. */
  readonly root: string;
  /** Ports that carry state: they stay as they are. */
  readonly state?: readonly { readonly in: string; readonly out: string }[] | undefined;
}

export interface LoadedModel extends Omit<BoundModel, 'model' | 'notes'> {
  readonly path: string;
  /** The model that is run, in shared memory: decompressed, with its external data inside and its inputs bound. */
  readonly bytes: Uint8Array<SharedArrayBuffer>;
  /** Of the `.onnx` file, decompressed; `files` has the hashes of its external data. */
  readonly sha256: string;
  readonly softcap: number | null;
  readonly logitsAre: LogitsKind;
  /** Of `bytes`. */
  readonly graph: OnnxSummary;
  /** Files that it was read from, by path; the model's own is the first. */
  readonly files: readonly StoredFile[];
  /** What was changed to load it, for the result. */
  readonly remarks: readonly string[];
  /** Operators that were accepted because the caller allows them. */
  readonly allowedOperators: readonly string[];
}

const OPENED =
  'the shapes that the graph declares of its logits contradict its open input and were dropped';

/**
 * @throws as `readModelFile` and `bindModel`, and input errors that name the file where it cannot be read
 */
export async function loadModel(
  path: string,
  request: ModelRequest,
  options: PortOptions = {},
): Promise<LoadedModel> {
  const { content, graph, files, remarks, allowedOperators } = await readModelFile(
    path,
    request.root,
    allowedOps(options.allowOp),
  );
  const wanted = bindRequest(request, options);
  const { model, notes, ...bound } = bindModel(content, graph, path, wanted);
  const summary = model === content ? graph : readSummary(model, path);
  const opened = openShapes(model, summary, bound, path);
  const { logitsAre } = wanted;
  const softcap = request.softcap ?? null;
  if (softcap !== null && logitsAre !== 'logits') throw cappedProbabilities(logitsAre);
  return {
    ...bound,
    path,
    bytes: shared(opened ?? model),
    sha256: files[0].contentSha256,
    softcap,
    logitsAre,
    graph: opened === null ? summary : readSummary(opened, path),
    files,
    remarks: [...remarks, ...notes, ...(opened === null ? [] : [OPENED])],
    allowedOperators,
  };
}

function bindRequest(own: ModelRequest, options: PortOptions): BindRequest {
  const { state = [] } = own;
  return {
    tokens: options.tokensInput ?? own.tokens,
    logits: options.logitsOutput ?? own.logits,
    rules: [...rulesOf(options.input, 'caller'), ...rulesOf(own.inputs, 'manifest')],
    logitsAre: options.logitsAre ?? own.logitsAre ?? 'logits',
    given: {
      inputs: new Set(state.map((tensor) => tensor.in)),
      outputs: new Set(state.map((tensor) => tensor.out)),
    },
  };
}

function rulesOf(
  kinds: Readonly<Record<string, InputKind>> = {},
  by: InputRule['by'],
): readonly InputRule[] {
  return Object.entries(kinds).map(([name, kind]) => ({ name, kind, by }));
}

function cappedProbabilities(logitsAre: LogitsKind) {
  return usageError('BPB_SOFTCAP', {
    message: 'a softcap is for logits, and the output holds something else',
    path: '--logits-are',
    expected: '--logits-are logits, or no `model.softcap` in artifact.json',
    actual: logitsAre,
  });
}

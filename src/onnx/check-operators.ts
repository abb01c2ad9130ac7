/**
 * Checks that every node computes from its inputs: operators of known domains or functions of the model,
 * and no attribute that names a file. Subgraphs, functions and training graphs are gone through alike.
 */
import { type BpbError, inputError } from '../errors.js';
import type { Message } from '../protobuf/message.js';
import { shellWord } from '../shell-word.js';
import { domainOf, operatorId } from './check-names.js';
import { DOMAINS, REACHING, TEXT_DOMAIN, TEXTS } from './operator-list.js';
import { DOMAIN } from './optimize/own-operators.js';
import { ATTRIBUTE, FUNCTION, MODEL, NODE, TENSOR } from './schema.js';

/** Characters of a name that a refusal repeats. */
const SHOWN = 80;

/** Endings of the names of programs, of compiled and of stored models, of data. */
const ENDINGS =
  /\.(so|dll|dylib|py|onnx|ort|bin|data|dat|raw|ctx|dlc|engine|plan|cache|pth?|npy|npz|safetensors|gguf|model|txt|csv|jsonl?)$/i;

/**
 * @param allowed operators that the caller trusts, as `allowedName` writes them
 * @returns those of them that would have been refused
 * @throws BPB_MODEL_OPERATOR, naming the node, the operator and the flag that allows it, if one does;
 * BPB_MODEL_FUNCTIONS for a function in a domain of the runtime's or of the rewrite's
 */
export function checkOperators(
  model: Message,
  path: string,
  allowed: ReadonlySet<string>,
): ReadonlySet<string> {
  const functions = new Set<string>();
  for (const body of model.children(MODEL.functions)) {
    checkFunctionDomain(body, path);
    functions.add(operatorId(body, FUNCTION.domain, FUNCTION.name, FUNCTION.overload));
  }
  const used = new Set<string>();
  for (const message of model.walk()) {
    if (message.type.name === 'NodeProto') {
      const refusal = refusalOf(message, path, functions);
      if (refusal === null) continue;
      const name = allowedName(message);
      const never = REACHING.has(keyOf(message)) || domainOf(message, NODE.domain) === DOMAIN;
      if (never || !allowed.has(name)) throw refusal;
      used.add(name);
    } else if (message.type.name === 'AttributeProto') {
      if (message.holder?.type.name === 'NodeProto') continue;
      const file = fileIn(message);
      if (file !== null) throw fileError(message, path, message, file, null);
    }
  }
  return used;
}

/** `com.example::Op`; `ai.onnx` is the default domain. */
function allowedName(node: Message): string {
  const domain = domainOf(node, NODE.domain);
  return `${domain === '' ? 'ai.onnx' : domain}::${node.string(NODE.op_type)}`;
}

function keyOf(node: Message): string {
  return `${domainOf(node, NODE.domain)}:${node.string(NODE.op_type)}`;
}

function refusalOf(node: Message, path: string, functions: ReadonlySet<string>): BpbError | null {
  const key = keyOf(node);
  const reaches = REACHING.get(key);
  if (reaches !== undefined) {
    return inputError('BPB_MODEL_OPERATOR', {
      message: `the model uses an operator that is not allowed: ${node.string(NODE.op_type)}`,
      path,
      expected: 'operators that compute from their inputs',
      actual: `${key}, ${reaches}, in ${node.path}`,
      hint: 'export the model without an execution provider’s context or plugins',
    });
  }
  if (domainOf(node, NODE.domain) === DOMAIN) return ownDomainError(node, path);
  const isCall = functions.has(operatorId(node, NODE.domain, NODE.op_type, NODE.overload));
  const domain = domainOf(node, NODE.domain);
  if (!isCall && !DOMAINS.has(domain)) return domainError(node, path);
  if (!isCall && domain === TEXT_DOMAIN) return null;
  const texts = isCall ? [] : (TEXTS.get(key) ?? []);
  for (const attribute of node.children(NODE.attribute)) {
    const file = fileIn(attribute);
    if (file === null || texts.includes(attribute.string(ATTRIBUTE.name))) continue;
    return fileError(attribute, path, node, file, allowedName(node));
  }
  return null;
}

/** Kernels of the domain are made for graphs that the rewrite has checked, and are no part of an artifact. */
function ownDomainError(node: Message, path: string): BpbError {
  return inputError('BPB_MODEL_OPERATOR', {
    message: `the node \`${shown(labelOf(node))}\` is of the domain of the harness’s own operators, ${shown(allowedName(node))}`,
    path,
    expected: `a model as it was exported: operators of ${DOMAIN} stand only in what --optimize makes of it in memory`,
    actual: `${shown(allowedName(node))} in ${node.path}`,
    hint: 'score the exported model with --optimize; an operator of your own goes into a domain of another name',
  });
}

function domainError(node: Message, path: string): BpbError {
  const name = allowedName(node);
  const known = [...DOMAINS.keys()].map((domain) => domain || 'ai.onnx').join(', ');
  return inputError('BPB_MODEL_OPERATOR', {
    message: `the node \`${shown(labelOf(node))}\` is of an operator of a domain that is not known, ${shown(name)}`,
    path,
    expected: `operators of ${known}, or functions of the model's own`,
    actual: `${shown(name)} in ${node.path}: nobody has looked whether it computes from its inputs alone`,
    hint: `export the model without it; or, where you know what it does, --allow-op ${flagWord(name)}`,
  });
}

/** @param allowing name of the operator that the caller could allow; null where there is none */
function fileError(
  attribute: Message,
  path: string,
  holder: Message,
  file: string,
  allowing: string | null,
): BpbError {
  const name = attribute.string(ATTRIBUTE.name);
  const of = allowing === null ? 'a function' : `the node \`${shown(labelOf(holder))}\``;
  const other =
    allowing === null ? '' : `; or, where you know what it does, --allow-op ${flagWord(allowing)}`;
  return inputError('BPB_MODEL_OPERATOR', {
    message: `the attribute \`${shown(name)}\` of ${of} names a file`,
    path,
    expected: 'a model that reads nothing but itself',
    actual: `${JSON.stringify(shown(file))} in ${attribute.path}`,
    hint: `store what the file holds as an initializer${other}`,
  });
}

/**
 * The runtime's own operator wins over a function of its name, for com.microsoft at least (1.30): what is
 * read here is not what runs.
 */
function checkFunctionDomain(body: Message, path: string): void {
  const domain = domainOf(body, FUNCTION.domain);
  if (!DOMAINS.has(domain) && domain !== DOMAIN) return;
  const whose = domain === DOMAIN ? 'the harness' : 'the runtime';
  throw inputError('BPB_MODEL_FUNCTIONS', {
    message: `the model defines a function \`${shown(body.string(FUNCTION.name))}\` in a domain of ${whose}'s`,
    path,
    expected: `functions in a domain of their own: ${whose} has operators of ${domain || 'ai.onnx'}`,
    actual: body.path,
    hint: 'inline the functions: onnx.inliner.inline_local_functions(model)',
  });
}

/** A value of an attribute that looks like the name of a file, among its texts and tensors of texts. */
function fileIn(attribute: Message): string | null {
  const tensors = [
    ...attribute.children(ATTRIBUTE.t),
    ...attribute.children(ATTRIBUTE.tensors),
  ].flatMap((tensor) => tensor.byteStrings(TENSOR.string_data));
  const own = [ATTRIBUTE.s, ATTRIBUTE.strings].flatMap((field) => attribute.byteStrings(field));
  for (const bytes of [...own, ...tensors]) {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
    if (/[/\\\0]|^file:/i.test(text) || ENDINGS.test(text)) return text;
  }
  return null;
}

/** Its name, else its first output; one that is left out has an empty name. */
function labelOf(node: Message): string {
  return node.string(NODE.name) || (node.strings(NODE.output).find((name) => name !== '') ?? '');
}

/** Names come from a stranger: short, and without control characters. */
function shown(name: string): string {
  const short = name.length > SHOWN ? `${name.slice(0, SHOWN - 3)}...` : name;
  return JSON.stringify(short).slice(1, -1);
}

/** The name as one word of a shell; in full, for the flag takes no other. */
function flagWord(name: string): string {
  return shellWord(JSON.stringify(name).slice(1, -1));
}

/**
 * ONNX Runtime's messages without its source: one line, no paths and signatures of its C++.
 */

const SOURCE = /\/onnxruntime_src\/\S+:\d+ /;

/**
 * The message as one line. `ORT_ENFORCE` puts the source file and the signature of the function before
 * what went wrong, and a line break behind it.
 */
export function plainText(message: string): string {
  let text = message.replace(/\s+/g, ' ').trim();
  for (let found = SOURCE.exec(text); found !== null; found = SOURCE.exec(text)) {
    const from = found.index + found[0].length;
    text = `${text.slice(0, found.index)}${text.slice(afterSignature(text, from))}`;
  }
  return text.replace(/^\[ONNXRuntimeError\] : \d+ : \w+ : /, '').trim();
}

/** Index behind a function's signature that begins at `from`; `from` where it has no end. */
function afterSignature(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    const character = text[at];
    if (character === '(') depth++;
    if (character !== ')' || --depth > 0) continue;
    // `operator()(…)`, `f(…)::<lambda(…)>(…)`, `f(…) const`, `f(…) [with T = …]`
    const rest = /^\)(?:(?: const)?(?: \[with [^\]]*\])? (?=\S))/.exec(text.slice(at));
    if (rest !== null) return at + rest[0].length;
  }
  return from;
}

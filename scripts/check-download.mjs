/**
 * The package's preinstall script: says how to install where onnxruntime-node cannot download.
 *
 * On Linux x64 the install script of onnxruntime-node downloads CUDA libraries from a host of its own,
 * and npm ends the whole installation where that host is unknown, with nothing that says what to do.
 * npm runs this script before that one. It fails only where the download is bound to fail.
 */
import { lookup } from 'node:dns/promises';
import { createRequire } from 'node:module';
import { arch, platform } from 'node:os';

/** What makes onnxruntime-node download, skip, or go through a proxy; then nothing is foreseen. */
const SETTINGS =
  /^(onnxruntime_node_install|npm_config_onnxruntime_node_install|(global_agent_)?https?_proxy|npm_config_(https_)?proxy)/i;

/** Host that onnxruntime-node will download from; null where it downloads nothing, or is not known. */
function downloadHost() {
  try {
    const script = 'onnxruntime-node/script/install-metadata.js';
    const { requirements, feeds } = createRequire(import.meta.url)(script);
    if ((requirements[`${platform()}/${arch()}`] ?? []).length === 0) return null;
    return new URL(feeds.nuget.index).hostname;
  } catch {
    return null; // another layout of node_modules, or another version
  }
}

/** The lockfile of a clone keeps that script from running (CONTRIBUTING.md). */
const isClone = process.env.npm_config_local_prefix === process.cwd();
const isSet = Object.keys(process.env).some((name) => SETTINGS.test(name));
const host = isClone || isSet ? null : downloadHost();
try {
  if (host !== null) await lookup(host);
} catch (error) {
  if (error.code === 'ENOTFOUND' || error.code === 'EAI_AGAIN') {
    console.error(`bpb-harness: onnxruntime-node would now download CUDA libraries from ${host},
which is not known here, and end this installation. Scoring on the CPU needs none of them:

  ONNXRUNTIME_NODE_INSTALL=skip npm install …
`);
    process.exitCode = 1;
  }
}

#!/usr/bin/env node
/**
 * The command `bpb`: the list of its commands. Each loads what it runs when it is called.
 */
import { auditCommand } from './audit.js';
import { claimCommand } from './claim.js';
import { doctorCommand } from './doctor.js';
import { initCommand } from './init.js';
import { probeCommand } from './probe.js';
import { runProgram } from './program.js';
import { scoreCommand } from './score.js';
import { tokenizeCommand } from './tokenize.js';
import { verifyCommand } from './verify.js';

await runProgram([
  initCommand,
  scoreCommand,
  verifyCommand,
  auditCommand,
  claimCommand,
  probeCommand,
  tokenizeCommand,
  doctorCommand,
]);

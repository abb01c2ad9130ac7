/**
 * Simulation of a program: it is run on small validation sets, and what comes out is judged.
 */
import { asBpbError, type BpbError } from '../../errors.js';
import { PARTS } from '../source/report.js';
import type { Program, SimulationResult } from '../source/types.js';
import { runProgram } from './driver.js';
import { judgeProgram } from './judge-program.js';

/**
 * Nothing of the program is executed by a real Python; the work is bounded by counted steps.
 *
 * A failure of the simulation itself judges no part, and costs none of what is read from the text.
 *
 * @throws the failure itself where `BPB_DEBUG` is set
 */
export async function simulate(program: Program): Promise<SimulationResult> {
  try {
    return judgeProgram(program, runProgram(program));
  } catch (error) {
    if (process.env['BPB_DEBUG']) throw error;
    return notJudged(asBpbError(error));
  }
}

function notJudged({ code, message, hint }: BpbError): SimulationResult {
  const reason = `the run of the script failed, ${code}: ${message}; ${hint}`;
  const verdict = 'not_judged';
  return {
    parts: PARTS.map((part) => ({ part, verdict, reason, line: null, file: null })),
    findings: [],
  };
}

/**
 * Simulation of a program: it is run on small validation sets, and what comes out is judged.
 */
import type { Program, SimulationResult } from '../source/types.js';
import { runProgram } from './driver.js';
import { judgeProgram } from './judge-program.js';

/** Nothing of the program is executed by a real Python; the work is bounded by counted steps. */
export async function simulate(program: Program): Promise<SimulationResult> {
  return judgeProgram(program, runProgram(program));
}

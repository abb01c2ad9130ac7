/** Runs what must be refused and gives the refusal. */
import { BpbError } from '#bpb/errors';

export async function refusalOf(work: () => unknown): Promise<BpbError> {
  try {
    await work();
  } catch (error) {
    if (error instanceof BpbError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

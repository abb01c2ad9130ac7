/**
 * Worker module of the probes: one session.
 */
import { serve } from '../workers/protocol.js';
import type { SessionSetup, SessionTask } from './messages.js';
import { Session } from './session.js';

export default serve(async (setup: SessionSetup) => {
  const session = new Session(setup);
  return {
    opened: await session.answer({ kind: 'open' }),
    handle: (task: SessionTask) => session.answer(task),
  };
});

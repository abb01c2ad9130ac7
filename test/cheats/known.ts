/** Rows that the fast probes of one seed run, which an artifact can know if it knows the seed. */
import { runProbes } from '#bpb/probes/run-probes';
import type { ProbeRow, Subject } from '#bpb/probes/subject';
import { byte260 } from '#bpb/tokenizer/byte260';
import type { GraphBuilder } from '../helpers/graph-builder.js';
import { VOCABULARY } from '../helpers/score-fixture.js';
import { streamOf } from '../helpers/stream.js';
import { hashOf, hashOfBeginning } from './parts.js';
import { BATCH_TOKENS, idsOf, SEQ_LEN } from './settings.js';

/** Slots of a table that tells which beginnings are known, a prime. */
const SLOTS = 100_003;
const BOS = 1;

/** The slots of all rows of the probes, asked of a model that predicts every token alike. */
async function slotsOfSeed(seed: number): Promise<Set<number>> {
  const ids = idsOf('chunk');
  const starts = ids.flatMap((id, at) => (id === BOS ? [at] : []));
  const slots = new Set<number>();
  const nats = async (rows: readonly ProbeRow[]) =>
    rows.map(({ tokens }) => {
      slots.add(hashOf(tokens.subarray(0, tokens.length - 1)) % SLOTS);
      return new Float32Array(tokens.length - 1).fill(1);
    });
  const subject: Subject = {
    carries: 'nothing',
    isolates: false,
    info: {
      name: 'onnx-cpu',
      provider: 'cpu',
      device: 'none',
      precision: 'fp32',
      threads: 1,
      instructionSet: '',
      versions: {},
      vocabulary: VOCABULARY,
      fixedRows: null,
      fixedTime: null,
    },
    rowInputs: SEQ_LEN,
    longInputs: SEQ_LEN,
    batchTokens: BATCH_TOKENS,
    nats,
    fresh: nats,
    stream: async (documents) => {
      const joined = documents.flatMap((document) => [...document]);
      for (let at = 0; at + 1 < joined.length; at += SEQ_LEN) {
        await nats([{ tokens: Int32Array.from(joined.slice(at, at + SEQ_LEN + 1)) }]);
      }
      return documents.map((document) => new Float32Array(document.length));
    },
    frozen: null,
    close: async () => {},
  };
  await runProbes({
    subject,
    tokenizer: byte260(),
    stream: streamOf(ids, starts),
    window: { mode: 'chunk', seqLen: SEQ_LEN, stride: null, tail: 'score', compat: null },
    seed,
    thorough: false,
  });
  return slots;
}

/** A condition: the row begins as none of the probes' rows of that seed do. */
export async function unknownToSeed(seed: number): Promise<(g: GraphBuilder) => string> {
  const slots = await slotsOfSeed(seed);
  const unknown = Array.from({ length: SLOTS }, (_, slot) => !slots.has(slot));
  return (g) => {
    const slot = g.op('Mod', [hashOfBeginning(g), g.ints([SLOTS])]);
    return g.op('Gather', [g.bools(unknown, [SLOTS]), slot]);
  };
}

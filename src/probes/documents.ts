/**
 * Probes: does the content of a document, or the order of documents, change another document's score?
 */
import {
  notApplicable,
  type Outcome,
  type Probe,
  type ProbeContext,
  tokensFor,
} from './context.js';
import { Differences, distance, judge, otherShape, sameShape, seen } from './differences.js';

/**
 * Short enough for several to share a batch, which is a way from one to the other; of several chunks
 * where state is carried, which would be another.
 */
function documentInputs({ subject }: ProbeContext): number {
  const { rowInputs, carries } = subject;
  return carries === 'nothing' ? Math.max(2, Math.min(rowInputs, 96)) : rowInputs;
}

async function run(context: ProbeContext): Promise<Outcome> {
  const { subject, effort, noise } = context;
  const tokens = tokensFor(context, 'documents');
  const inputs = documentInputs(context);
  const precision = subject.info.precision;
  const found = new Differences();
  let reach = 0;
  for (let r = 0; r < effort.samples; r++) {
    const documents = Array.from({ length: 4 }, (_, k) =>
      tokens.document(Math.max(2, inputs - 3 * k)),
    );
    const changedAt = r % 2;
    const changed = documents.slice();
    changed[changedAt] = tokens.document(documents[changedAt]!.length);
    const before = await subject.stream(documents);
    const after = await subject.stream(changed);
    let passed = 0;
    for (let d = 0; d < documents.length; d++) {
      if (d === changedAt) continue;
      // The document before the changed one scores that one's first token: BOS, the same in both.
      found.add(before[d]!, after[d]!);
      if (d < changedAt) continue;
      const limit = sameShape(precision, noise).largest;
      before[d]!.forEach((nats, k) => {
        if (distance(nats, after[d]![k]!) > limit) reach = Math.max(reach, passed + k + 1);
      });
      passed += before[d]!.length;
    }
  }
  const judged = judge(found, sameShape(precision, noise));
  if (subject.isolates) {
    return { ...judged, note: seen(judged, 'a document moves the nats of another one') };
  }
  return {
    ...judged,
    tolerance: null,
    verdict: 'not_applicable',
    note:
      reach === 0
        ? `${crossing(context)}, but nothing was seen to pass`
        : `${crossing(context)}: one moves targets up to ${reach} after it`,
  };
}

/** Why documents meet. */
function crossing({ subject, window }: ProbeContext): string {
  if (subject.carries === 'always') return 'a state is carried from document to document';
  return `${window.mode} windows run across documents`;
}

async function runOrder(context: ProbeContext): Promise<Outcome> {
  const { subject, effort, noise } = context;
  if (!subject.isolates) {
    return notApplicable(`${crossing(context)}: documents see the ones before`);
  }
  const tokens = tokensFor(context, 'order');
  const inputs = documentInputs(context);
  const found = new Differences();
  for (let r = 0; r < effort.samples; r++) {
    // Of one length, and with the same document at the end, so that the batches keep their shape.
    const documents = Array.from({ length: 5 }, () => tokens.document(inputs));
    const end = tokens.document(2);
    const before = await subject.stream([...documents, end]);
    const after = await subject.stream([...documents.toReversed(), end]);
    for (let d = 0; d < documents.length; d++) {
      found.add(before[d]!, after[documents.length - 1 - d]!);
    }
  }
  // Rows change their places in a batch.
  const judged = judge(found, otherShape(subject.info.precision, noise));
  return { ...judged, note: seen(judged, 'a document scores otherwise in another order') };
}

export const documents: Probe = {
  name: 'documents',
  what: 'changed one document of a stream and compared the nats of the others',
  run,
};

export const order: Probe = {
  name: 'order',
  what: 'scored documents in another order',
  run: runOrder,
};

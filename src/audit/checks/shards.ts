/**
 * Checks of the shards: whether they hold these documents, all of them, and the validation set.
 */
import { KNOWN_SETS } from '../../data/known-sets.js';
import { CANONICAL, isTruncated } from '../../evaluation/data-findings/sets.js';
import { startIdOf } from '../../tokenizer/document-start.js';
import { figure, plural } from '../../words.js';
import { effectOf } from '../mistake-effects.js';
import type { ShardFacts } from '../shard-facts.js';
import { type Check, check, which } from './check.js';

/** Two builds of one vocabulary differ in what they normalize by some 1e-5 of the bytes. */
const ANOTHER_BUILD = 1e-3;
/** Documents whose decoded text encodes otherwise: normalizing twice changes a few in 10,000. */
const FEW = 0.05;
/** A text of any language has some low ids, but never nearly only those. */
const MOSTLY = 0.9;

const truncated = ({ documents, known_as }: ShardFacts) => isTruncated(documents, known_as);

export const SHARD_CHECKS: readonly Check[] = [
  check({
    name: 'sidecar-as-tokens',
    severity: 'fail',
    explanation:
      'Nearly all entries are small numbers: these are byte counts, not tokens. The pattern fineweb_val_*.bin matches fineweb_val_bytes_*.bin too.',
    remedy: 'Leave files with _bytes_ in their name out of the token shards.',
    needs: ['shards'],
    run: ({ shards, vocabulary }) =>
      vocabulary.vocabulary > 256 && shards.tokens >= 32 && shards.lowIds > MOSTLY
        ? { detail: `${(100 * shards.lowIds).toFixed(1)} % of the entries are below 32` }
        : null,
  }),
  check({
    name: 'no-bos',
    severity: 'fail',
    explanation:
      'A document begins with BOS; a stream that does not begin with one has lost the start of its first document.',
    remedy: 'Export each document as BOS followed by its tokens.',
    needs: ['shards'],
    run: ({ shards, tokenizer }) =>
      shards.begins_with_bos || startIdOf(tokenizer) === null
        ? null
        : { detail: `the first token is no BOS; ${plural(shards.bos, 'BOS')}` },
  }),
  check({
    name: 'document-count',
    severity: 'fail',
    explanation: 'The shards have another number of BOS than there are documents.',
    remedy: 'Give the documents that the shards were made from, all of them and no more.',
    needs: ['shards', 'text', 'documents'],
    run: ({ shards, text, tokenizer }) => {
      if (shards.documents === text.withText) return null;
      const found =
        startIdOf(tokenizer) === null
          ? `${plural(shards.documents, 'document')} by their ids`
          : plural(shards.bos, 'BOS');
      return { detail: `${found}, ${plural(text.withText, 'document')}` };
    },
  }),
  check({
    name: 'truncated-set',
    severity: 'fail',
    explanation:
      'These are 10,000 documents, a fifth of the validation set: --val-docs has that default in six record folders (pull requests 1854, 1923, 2127).',
    remedy: 'Export with --val-docs 50000, and train again if the rest became training data.',
    needs: ['shards'],
    run: ({ shards }) =>
      truncated(shards)
        ? { detail: `${plural(shards.documents, 'document')}, ${figure(shards.tokens)} tokens` }
        : null,
  }),
  check({
    name: 'other-validation-set',
    severity: 'fail',
    explanation: 'The counts are those of another set than the first 50,000 documents.',
    remedy: 'Download the published shards again and compare their sha256.',
    needs: ['shards'],
    run: ({ shards, vocabulary }) => {
      const { known_as, documents, lutBytes } = shards;
      if (truncated(shards)) return null;
      if (known_as?.caution !== undefined)
        return { detail: `${known_as.name}: ${known_as.caution}` };
      if (documents !== CANONICAL.documents || vocabulary.case_operators) return null;
      const right = CANONICAL.bytes[0]!;
      const off = Math.abs(lutBytes / right - 1);
      if (off === 0) return null;
      return {
        severity: off > ANOTHER_BUILD || known_as !== null ? 'fail' : 'warn',
        detail: `${plural(documents, 'document')} of ${figure(lutBytes)} bytes; the validation set has ${figure(right)}`,
        effect: effectOf(lutBytes, right),
      };
    },
  }),
  check({
    name: 'other-sidecar',
    severity: 'fail',
    explanation:
      'The tokens are those of the published case-operator set, but the sidecar counts other bytes than either published export.',
    remedy: 'Download the sidecar again, or make it again with bpb tokenize.',
    needs: ['shards', 'sidecar'],
    run: ({ shards, sidecar, vocabulary }) => {
      const known = KNOWN_SETS.find(({ name }) => name === shards.known_as?.name);
      if (!vocabulary.case_operators || known?.tokenizer !== 'caseops-sp8192') return null;
      const { sum } = sidecar;
      if (sum === null || known.bytes.includes(sum)) return null;
      const right = known.bytes.map(figure).join(' or ');
      return {
        detail: `${figure(sum)} bytes; published: ${right}`,
        effect: effectOf(sum, known.bytes[0]!),
      };
    },
  }),
  check({
    name: 'unknown-set',
    severity: 'info',
    explanation: 'No known set has these counts: a score on it compares with no published one.',
    remedy: 'Nothing, if that is meant.',
    needs: ['shards'],
    run: ({ shards }) =>
      shards.known_as === null && !truncated(shards)
        ? { detail: `${plural(shards.documents, 'document')}, ${figure(shards.tokens)} tokens` }
        : null,
  }),
  check({
    name: 'case-folded-data',
    severity: 'fail',
    explanation:
      'The shards hold the documents in lower case: an easier text than the published one.',
    remedy: 'Tokenize the documents as they were published.',
    needs: ['text', 'shards'],
    run: ({ text }) => {
      const folded = text.matches.get('case folded');
      return folded === undefined
        ? null
        : { detail: `${plural(folded.count, 'document')}: ${which(folded, 'document')}` };
    },
  }),
  check({
    name: 'normalized-data',
    severity: 'fail',
    explanation:
      'The shards hold the documents after a normalization that is not the tokenizer’s own (pull request 1604): bytes and text are not the published ones.',
    remedy: 'Tokenize the documents as they were published; let only the tokenizer normalize.',
    needs: ['text', 'shards'],
    run: ({ text }) => {
      const changed = text.matches.get('normalized');
      return changed === undefined
        ? null
        : { detail: `${plural(changed.count, 'document')}: ${which(changed, 'document')}` };
    },
  }),
  check({
    name: 'other-documents',
    severity: 'fail',
    explanation: 'The shards hold other texts than the documents given, or in another order.',
    remedy:
      'Give the documents that the shards were made from, in their order, and that tokenizer.',
    needs: ['text', 'shards', 'documents'],
    run: ({ text }) => {
      const other = text.matches.get('other text');
      return other === undefined
        ? null
        : { detail: `${plural(other.count, 'document')}: ${which(other, 'document')}` };
    },
  }),
  check({
    name: 'other-tokens',
    severity: 'warn',
    explanation:
      'Documents are not in the tokens that their own text encodes to: another tokenizer, or another version, made the shards.',
    remedy: 'Give the tokenizer that made the shards; compare its sha256.',
    needs: ['text', 'shards'],
    run: ({ text, documents }) => {
      const other = text.matches.get('other ids');
      if (other === undefined) return null;
      const share = other.count / text.documents;
      const detail = `${figure(other.count)} of ${plural(text.documents, 'document')}: ${which(other, 'document')}`;
      // With the documents at hand the text is known to be right, whatever its tokens.
      if (documents !== null) return { detail };
      return share > FEW ? { detail, severity: 'fail' } : { detail, severity: 'info' };
    },
  }),
  check({
    name: 'control-tokens',
    severity: 'warn',
    explanation:
      'Padding or end tokens stand in the stream: their nats count and their bytes do not.',
    remedy: 'Export BOS and the document’s tokens, nothing else.',
    needs: ['shards'],
    run: ({ shards }) =>
      shards.control_tokens === 0
        ? null
        : { detail: `${plural(shards.control_tokens, 'control token')} besides BOS` },
  }),
  check({
    name: 'dropped-tail',
    severity: 'info',
    explanation: 'The chunked evaluation leaves out the targets beyond its last whole row.',
    remedy: 'Nothing: it is the rule; compare scores of one sequence length only.',
    needs: ['shards'],
    run: ({ shards }) => {
      const parts = shards.tails.map(
        (t) =>
          `${t.seqLen}: ${plural(t.dropped_targets, 'target')}, ${plural(t.dropped_bytes, 'byte')}`,
      );
      return { detail: parts.join('; ') };
    },
  }),
  check({
    name: 'training-overlap',
    severity: 'fail',
    explanation:
      'Validation documents stand in the training shards: the model was trained on what it is scored on (pull request 2127).',
    remedy: 'Export training shards without the first 50,000 documents and train again.',
    needs: ['overlap'],
    run: ({ overlap }) =>
      overlap.shared.count === 0
        ? null
        : {
            severity: overlap.shared.count > overlap.compared / 1000 ? 'fail' : 'warn',
            detail: `${figure(overlap.shared.count)} of ${plural(overlap.compared, 'document')} (${figure(overlap.shared.tokens)} tokens): ${which(overlap.shared, 'document')}`,
          },
  }),
];

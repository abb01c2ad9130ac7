/**
 * A program of a strict TypeScript user: it must compile against the declarations of the package.
 */
import {
  type Artifact,
  type AuditReport,
  audit,
  BpbError,
  type Claim,
  type ClaimedResult,
  type ClaimReport,
  claim,
  type DoctorReport,
  doctor,
  type ErrorKind,
  EXIT_CODES,
  type Finding,
  type InitResult,
  init,
  type LedgerReport,
  type LogClaim,
  loadArtifact,
  loadTokenizer,
  type OpenData,
  openData,
  type ProbeReport,
  type Progress,
  planWindows,
  probe,
  probeLedger,
  type Row,
  type ScoreOptions,
  type ScoreResult,
  score,
  scoreClaimed,
  type TokenizeResult,
  type Tokenizer,
  tokenize,
  type WindowPlan,
} from 'bpb-harness';

const options: ScoreOptions = {
  artifact: 'artifact',
  window: 'sliding',
  seqLen: 1024,
  stride: 64,
  signal: AbortSignal.timeout(60_000),
  onProgress: ({ done, total }: Progress) => console.log(done, total),
};

export async function gate(limit: number): Promise<number> {
  try {
    const result: ScoreResult = await score(options);
    const bpb: number | null = result.score.val_bpb;
    return bpb === null || bpb > limit ? EXIT_CODES.failed : 0;
  } catch (error) {
    if (!(error instanceof BpbError)) throw error;
    const kind: ErrorKind = error.kind;
    console.error(kind, error.code, error.path, error.expected, error.actual, error.hint);
    return error.exitCode;
  }
}

export async function everything(): Promise<void> {
  const artifact: Artifact = await loadArtifact('artifact');
  const tokenizer: Tokenizer = loadTokenizer('byte260');
  const data: OpenData = await openData({ tokenizer, docs: 'docs.jsonl', workers: 1 });
  const plan: WindowPlan = planWindows(data.stream, {
    mode: 'chunk',
    seqLen: 1024,
    stride: null,
    tail: 'drop',
    compat: null,
  });
  const row: Row = plan.row(0);
  const claimed: ClaimedResult = await scoreClaimed({
    ledger: 'run.jsonl',
    targets: 'targets.f32',
  });
  const probed: ProbeReport = await probe({ artifact: 'artifact' });
  const verified: LedgerReport = await probeLedger({ ledger: 'run.jsonl' });
  const audited: AuditReport = await audit({ tokenizer: 'tokenizer.model' });
  const failures: Finding[] = audited.findings.filter(({ severity }) => severity === 'fail');
  const judged: ClaimReport = await claim({ valLoss: '2.07', valBpb: '1.23' });
  const pair: Claim | undefined = judged.claim;
  const logs: readonly LogClaim[] = judged.logs ?? [];
  const written: TokenizeResult = await tokenize({ docs: 'd', tokenizer: 'byte260', out: 'o' });
  const machine: DoctorReport = doctor();
  const made: InitResult = await init({ path: 'exported' });
  console.log(artifact.name, row.length, claimed.claim.evaluator, probed.verdict, verified.verdict);
  console.log(
    failures.length,
    pair?.verdict,
    logs.length,
    written.tokens,
    machine.gpus.length,
    made.file,
  );
}

// A wrong option must not compile: the declarations are not `any`.
// @ts-expect-error there is no such window
export const wrong: ScoreOptions = { artifact: 'artifact', window: 'diagonal' };

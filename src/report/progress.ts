/**
 * Progress on stderr: one line that is redrawn on a terminal, otherwise a line every five seconds.
 */
import type { Progress } from '../progress.js';
import { colors, count, seconds } from './format.js';

const TERMINAL_INTERVAL_MS = 100;
const LOG_INTERVAL_MS = 5000;

const PHASES: Record<Progress['phase'], string> = {
  data: 'reading',
  tokenize: 'tokenizing',
  rewrite: 'rewriting the model',
  load: 'loading the model',
  score: 'scoring',
  prove: 'proving the optimized model',
  verify: 'verifying',
  control: 'scoring the control set',
  probe: 'probing',
  'every-row': 'checking every row',
  measure: 'measuring the vocabulary',
  examine: 'examining documents',
  overlap: 'comparing with training data',
  claim: 'judging claims',
};

export class ProgressReporter {
  private phase: Progress['phase'] | null = null;
  private phaseStart = 0;
  private lastShown = 0;
  private lineOpen = false;

  constructor(private readonly stream: NodeJS.WriteStream = process.stderr) {}

  readonly update = (progress: Progress): void => {
    const now = performance.now();
    if (progress.phase !== this.phase) {
      this.phase = progress.phase;
      this.phaseStart = now;
      // A terminal shows each phase at once, which may report nothing more for a while; in a log one that ends
      // within an interval gets no line.
      this.lastShown = this.stream.isTTY === true ? Number.NEGATIVE_INFINITY : now;
    }
    const interval = this.stream.isTTY === true ? TERMINAL_INTERVAL_MS : LOG_INTERVAL_MS;
    if (now - this.lastShown < interval) return;
    this.lastShown = now;
    this.show(this.line(progress, (now - this.phaseStart) / 1000));
  };

  /** Clears the line, so that later output begins on an empty line. */
  done(): void {
    if (this.lineOpen) this.stream.write('\r\u001b[2K');
    this.lineOpen = false;
  }

  private line({ phase, done, total, unit, bpb }: Progress, elapsed: number): string {
    const parts = [PHASES[phase]];
    if (total !== null && total > 0) {
      parts.push(`${Math.floor((100 * done) / total)} %`);
      parts.push(`${count(done)} of ${count(total)} ${unit}`);
      const left = done > 0 ? (elapsed * (total - done)) / done : null;
      if (left !== null && elapsed > 1) parts.push(`${seconds(left)} left`);
    } else if (done > 0) parts.push(`${count(done)} ${unit}`);
    if (bpb !== null) parts.push(`bpb ${bpb.toFixed(4)} so far`);
    return parts.join(' · ');
  }

  private show(line: string): void {
    if (this.stream.isTTY !== true) {
      this.stream.write(`${line}\n`);
      return;
    }
    const width = Math.max(20, (this.stream.columns ?? 80) - 1);
    this.stream.write(`\r\u001b[2K${colors(this.stream).dim(line.slice(0, width))}`);
    this.lineOpen = true;
  }
}

/**
 * Reorder buffer of ledger events: batches end in any order and are entered in the order of the plan.
 */
import type { LedgerEvent } from './events.js';
import type { LedgerWriter } from './writer.js';

/**
 * A ledger in the order of the batches, so that its bytes do not depend on the number of workers.
 * Events are held in memory until all earlier batches have ended; how far a batch may start ahead of
 * the first that is missing is bounded, and so is that memory.
 */
export class LedgerSequence {
  private readonly waiting = new Map<number, readonly LedgerEvent[]>();
  private wake: (() => void)[] = [];
  private open = false;

  /**
   * @param next the first batch of the run
   * @param ahead how many batches after the first that is missing may start
   */
  constructor(
    private readonly writer: Pick<LedgerWriter, 'append'>,
    private next: number,
    private readonly ahead: number,
  ) {}

  /** Resolves when `batch` may start. */
  async admit(batch: number): Promise<void> {
    while (!this.open && batch - this.next > this.ahead) {
      await new Promise<void>((resolve) => this.wake.push(resolve));
    }
  }

  /** Admits all batches: one that others wait for will never end. */
  release(): void {
    this.open = true;
    this.wakeAll();
  }

  /** Enters a batch that has ended. */
  enter(batch: number, events: readonly LedgerEvent[]): void {
    this.waiting.set(batch, events);
    for (;;) {
      const turn = this.waiting.get(this.next);
      if (turn === undefined) break;
      this.writer.append(turn);
      this.waiting.delete(this.next++);
    }
    this.wakeAll();
  }

  private wakeAll(): void {
    const sleepers = this.wake;
    this.wake = [];
    for (const resolve of sleepers) resolve();
  }
}

/** Worker module: transfers a buffer; asked for it again, gives the length that is left of its own. */
import { serve, WithTransfer } from '../../dist/workers/protocol.js';

export default serve(async () => {
  let last = null;
  return (task) => {
    if (task.kind === 'left') return last.byteLength;
    const nats = Float32Array.from({ length: task.length }, (_, k) => k / 4);
    last = nats.buffer;
    return new WithTransfer({ nats, q30: BigInt64Array.of(7n) }, [last]);
  };
});

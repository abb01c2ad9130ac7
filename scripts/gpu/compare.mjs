/**
 * Differences of two files of targets' nats (little-endian fp32, NaN where a target was not scored), in
 * nats: `found` minus `expected`. Throws where they are not of the same targets.
 */
export function compareTargets(found, expected) {
  if (found.length !== expected.length || found.length % 4 !== 0) {
    throw new Error(`${found.length} bytes of nats, expected ${expected.length}`);
  }
  let [targets, sum, sizes, largest] = [0, 0, 0, 0];
  for (let at = 0; at < found.length; at += 4) {
    const [one, other] = [found.readFloatLE(at), expected.readFloatLE(at)];
    if (Number.isNaN(one) !== Number.isNaN(other)) {
      throw new Error(`target ${at / 4}: scored in one of the two only`);
    }
    if (Number.isNaN(one)) continue;
    const difference = one - other;
    targets += 1;
    sum += difference;
    sizes += Math.abs(difference);
    largest = Math.max(largest, Math.abs(difference));
  }
  return { targets, mean_abs: sizes / targets, mean_signed: sum / targets, max_abs: largest };
}

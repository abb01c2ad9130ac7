/** CPU time of the calling thread: what other processes do on the machine is not in it. */
import { readFileSync } from 'node:fs';

/** Nanoseconds; from Node where it has it, else from the Linux scheduler. */
export function threadCpuNs() {
  if (process.threadCpuUsage !== undefined) {
    const { user, system } = process.threadCpuUsage();
    return (user + system) * 1000;
  }
  return Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[0]);
}

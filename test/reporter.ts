/**
 * Closes a test run with what was skipped, by name, what failed, with its first message, and one
 * plain line of counts. Failures come last: a log that is cut keeps its end.
 */
import type { Reporter, SerializedError, TestCase, TestModule } from 'vitest/node';

const said = (error: SerializedError | undefined) =>
  error ? `: ${error.message.trim().split('\n', 1)[0]}` : '';

export default class ClosingReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const counts = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    const skipped: string[] = [];
    const failed: string[] = [];
    const nameOf = (module: TestModule, test: TestCase) =>
      `${module.relativeModuleId}: ${test.fullName}`;
    for (const module of modules) {
      for (const error of module.errors()) failed.push(module.relativeModuleId + said(error));
      for (const suite of module.children.allSuites())
        for (const error of suite.errors())
          failed.push(`${module.relativeModuleId}: ${suite.fullName}${said(error)}`);
      for (const test of module.children.allTests()) {
        const { state, errors } = test.result();
        counts[state]++;
        if (state === 'skipped') skipped.push(nameOf(module, test));
        if (state === 'failed') failed.push(nameOf(module, test) + said(errors[0]));
      }
    }
    for (const error of unhandled) failed.push(`outside of a test${said(error)}`);
    for (const name of skipped) console.log(`skipped  ${name}`);
    for (const name of failed) console.log(`failed  ${name}`);
    console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  }
}

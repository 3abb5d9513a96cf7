import type { Reporter, TestCase, TestModule } from 'vitest/node';

/**
 * Ends the run's output with the skipped tests and their reasons, then `N passed, N failed, N skipped` alone on the last
 * line, which CI reads. A file that cannot be loaded and an error outside a test count as failed.
 */
export default class LastLineReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    process.stdout.write(lastLines(summarise(modules, unhandled.length)));
  }
}

export interface Summary {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: readonly { readonly name: string; readonly reason: string | undefined }[];
}

export function lastLines({ passed, failed, skipped }: Summary): string {
  const listed = skipped.map(({ name, reason }) => `  ${name}: ${reason ?? 'NO REASON GIVEN'}\n`);
  const head = skipped.length > 0 ? ['\nSkipped:\n', ...listed] : [];
  return [...head, `\n${passed} passed, ${failed} failed, ${skipped.length} skipped\n`].join('');
}

function summarise(modules: readonly TestModule[], unhandled: number): Summary {
  const cases = modules.flatMap((module) => [...module.children.allTests()]);
  const inState = (state: string) => cases.filter((test) => test.result().state === state);
  const broken = modules.filter((module) => module.errors().length > 0).length;
  return {
    passed: inState('passed').length,
    failed: inState('failed').length + broken + unhandled,
    skipped: [...inState('skipped'), ...inState('pending')].map((test) => ({
      name: `${test.module.relativeModuleId} > ${test.fullName}`,
      reason: reasonOf(test),
    })),
  };
}

function reasonOf(test: TestCase): string | undefined {
  const result = test.result();
  return result.state === 'skipped' ? result.note : undefined;
}

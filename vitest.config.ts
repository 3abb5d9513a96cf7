import { defineConfig } from 'vitest/config';

// One cluster serves the whole run (test/support/cluster.ts). Test files run three at a time; those that start the whole
// service come after the others, two at a time.
const slow = ['test/e2e/**/*.test.ts', 'test/faults/**/*.test.ts', 'test/browser/**/*.test.ts'];

export default defineConfig({
  test: {
    reporters: ['default', './test/support/last-line-reporter.ts'],
    projects: [
      {
        test: {
          name: 'fast',
          include: ['test/**/*.test.ts'],
          exclude: slow,
          globalSetup: ['./test/support/cluster.ts'],
          maxWorkers: 3, // each waits for the server half of its time
          expect: { poll: { timeout: 30_000 } },
          testTimeout: 120_000, // machines are shared: at load 20 a test took ten times as long; one that hangs is still found
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'whole',
          include: slow,
          globalSetup: ['./test/support/cluster.ts'],
          maxWorkers: 2, // they wait more than they work
          sequence: { groupOrder: 1 },
          expect: { poll: { timeout: 30_000 } },
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});

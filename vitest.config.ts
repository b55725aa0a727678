import { defineConfig } from 'vitest/config';

/**
 * Tests with an engine that run alone: they measure how long something takes, fill a disk, or look at what all installations
 * share. The others wait most of the time, each for what only it has made: they run two at a time.
 */
const ALONE = ['command-line', 'engine', 'first-light', 'image', 'killed', 'snapshots-disk-full'].map(
  (name) => `tests/docker/${name}.test.ts`,
);

/**
 * One project per layer, by what it needs: `fast` needs Node alone, `slow` many processes, waits and disk syncs besides,
 * `edge` workerd, `docker` a real engine (as do those of `docker-patient`), `browser` an engine and Chromium.
 */
export default defineConfig({
  test: {
    // A condition that comes true late is true: only one that never does fails.
    expect: { poll: { timeout: 15_000, interval: 25 } },
    projects: [
      {
        test: {
          name: 'fast',
          include: ['{src,runtimed,proxy,images,scripts}/**/*.test.ts', 'tests/{fast,runner}/**/*.test.ts'],
          exclude: ['**/*.slow.test.ts', '**/node_modules/**'],
          // Above what a test waits for a condition, so that it is the condition that is named when it never comes true.
          testTimeout: 30_000,
          hookTimeout: 30_000,
          // No test changes a module for the next one, and loading everything anew for each file takes longer than most.
          isolate: false,
          // Most of them wait for sockets, files and processes: more of them than cores.
          maxWorkers: 4,
        },
      },
      {
        test: {
          name: 'slow',
          include: ['{src,runtimed,proxy,tests}/**/*.slow.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxWorkers: 4,
        },
      },
      {
        test: {
          name: 'edge',
          include: ['tests/edge/**/*.test.ts'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'docker',
          include: ALONE,
          testTimeout: 120_000,
          hookTimeout: 300_000,
          maxWorkers: 1,
        },
      },
      {
        test: {
          name: 'docker-patient',
          include: ['tests/docker/**/*.test.ts'],
          exclude: ALONE,
          testTimeout: 120_000,
          hookTimeout: 300_000,
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'browser',
          include: ['tests/browser/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 300_000,
          maxWorkers: 1,
        },
      },
    ],
  },
});

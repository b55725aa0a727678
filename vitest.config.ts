import { defineConfig } from 'vitest/config';

/**
 * One project per layer, by what it needs: `fast` needs Node alone, `edge` needs workerd, `docker` a real engine,
 * `browser` an engine and Chromium.
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
          testTimeout: 10_000,
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
          include: ['tests/docker/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 300_000,
          maxWorkers: 1,
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

import { vi } from 'vitest';

/** For `expect.poll`: real processes on a busy machine take their time. */
export const PATIENT = { timeout: 20_000, interval: 20 };

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

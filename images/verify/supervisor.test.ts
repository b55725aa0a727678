import { Readable } from 'node:stream';
import type Docker from 'dockerode';
import { expect, it } from 'vitest';
import { checkSupervisor } from './supervisor.ts';

it.each([
  ['fails in one that ends', 126],
  ['is killed with it', 137],
])('a main process that ends at once is found out when the probe %s', async (_, probeExit) => {
  // Shown as running until somebody waits for its end.
  let isRunning = true;
  const container = {
    start: async () => {},
    exec: async () => ({
      start: async () => Readable.from(['cannot exec in a stopped state']),
      inspect: async () => ({ ExitCode: probeExit }),
    }),
    wait: async () => {
      isRunning = false;
    },
    stop: async () => {},
    inspect: async () => ({ State: { Running: isRunning, ExitCode: 0 } }),
    logs: async () => Buffer.from(''),
    remove: async () => {},
  };
  const docker = { createContainer: async () => container } as unknown as Docker;
  const image = { Id: 'sha256:0', Config: { Entrypoint: ['/bin/bash'] } } as Docker.ImageInspectInfo;
  const faults = await checkSupervisor(docker, image, new AbortController().signal);
  expect(faults).toEqual([{ clause: 1, message: expect.stringContaining('it ended by itself with code 0') }]);
});

import { Readable } from 'node:stream';
import type Docker from 'dockerode';
import { expect, it } from 'vitest';
import { checkSupervisor } from './supervisor.ts';

it.each([
  ['fails in one that ends', 126],
  ['is killed with it', 137],
])('a main process that ends at once is found out when the probe %s', async (_, probeExit) => {
  expect(await faultsOf(probeExit, { ends: true })).toEqual([
    { clause: 1, message: expect.stringContaining('it ended by itself with code 0') },
  ]);
});

it('a main process that could not be asked is not taken for runtimed', async () => {
  expect(await faultsOf(126, { ends: false })).toEqual([
    { clause: 1, message: expect.stringContaining('could not be asked') },
  ]);
});

async function faultsOf(probeExit: number, { ends }: { ends: boolean }) {
  // Shown as running until somebody waits for its end.
  let isRunning = true;
  const container = {
    start: async () => {},
    exec: async () => ({
      start: async () => Readable.from(['cannot exec in a stopped state']),
      inspect: async () => ({ ExitCode: probeExit }),
    }),
    wait: async () => {
      isRunning = !ends;
    },
    stop: async () => {},
    inspect: async () => ({ State: { Running: isRunning, ExitCode: 0 } }),
    logs: async () => Buffer.from(''),
    remove: async () => {},
  };
  const docker = { createContainer: async () => container } as unknown as Docker;
  const image = { Id: 'sha256:0', Config: { Entrypoint: ['/bin/bash'] } } as Docker.ImageInspectInfo;
  return checkSupervisor(docker, image, new AbortController().signal);
}

import { setImmediate as turn } from 'node:timers/promises';
import type Docker from 'dockerode';
import { expect, it } from 'vitest';
import { verifyImage } from './verify.ts';

it('takes every container away before it says that the engine has failed', async () => {
  let removed = false;
  const container = {
    start: async () => {
      await turn();
      throw new Error('The engine went away, too.');
    },
    remove: async () => {
      await turn();
      removed = true;
    },
  };
  const docker = {
    getImage: () => ({ inspect: async () => ({ Id: 'sha256:0', Config: {} }) }),
    // Without a command of its own, the image's main process is what is looked at.
    createContainer: async ({ Entrypoint }: Docker.ContainerCreateOptions) => {
      if (Entrypoint === undefined) throw new Error('The engine went away.');
      return container;
    },
  };
  const verdict = verifyImage(docker as unknown as Docker, 'acme/box:1', new AbortController().signal);
  await expect(verdict).rejects.toThrow('The engine went away.');
  expect(removed).toBe(true);
});

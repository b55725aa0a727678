import { expect, it } from 'vitest';
import { FakeEngine } from '../../tests/fakes/engine.ts';
import { quietLogger as log } from '../../tests/fakes/quiet-logger.ts';
import { FakeWorkspaces } from '../../tests/fakes/workspaces.ts';
import { SandboxdError } from '../domain/errors.ts';
import { storageModeOf } from './agent.ts';

it('is not known while the engine does not answer, and what workspaces are from then on', async () => {
  const engine = new FakeEngine();
  const defaults = {
    image: 'sandboxd/base:test',
    limits: { memoryBytes: 2 ** 30, cpus: 1, pids: 100, openFiles: 1024 },
    runtime: undefined,
    caFile: undefined,
    env: {},
  };
  const storageMode = storageModeOf({ engine, workspaces: new FakeWorkspaces(), defaults, log });
  engine.failures.set('imageDigest', new SandboxdError('unavailable', 'The engine is away.'));
  expect(await storageMode()).toBe('unknown');
  expect(await storageMode()).toBe('directory');
});

import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { manifest, readIn, type SandboxSetup, startSandbox } from '../testing/sandbox.ts';
import { DONE } from '../testing/scripted-agent.ts';
import { oddGit } from '../testing/odd-git.ts';
import { TaskClient } from '../testing/tasks.ts';
import { temporaryDirectory } from '../testing/temporary.ts';
import { until } from '../testing/until.ts';

const CANCELLED = { reason: 'cancelled' } as const;
/** Milliseconds; what is called off in these tests would take a minute by itself. */
const SOON = 15_000;

async function start(setup: SandboxSetup & { readonly declared?: object } = {}) {
  const workers = [{ name: 'w', command: 'sleep 600' }];
  const declared = manifest({ workers, build: { command: '' }, ...setup.declared });
  const sandbox = await startSandbox({ ...setup, app: { 'sandbox.yaml': declared, ...setup.app } });
  await sandbox.reaches(({ phase }) => phase === 'ready');
  return { ...sandbox, tasks: new TaskClient(sandbox.client) };
}

/** A task whose git hangs, when it has come to that. */
async function hanging(command: string, timings: SandboxSetup['timings'] = {}) {
  const bin = await temporaryDirectory();
  const environment = { PATH: await oddGit(bin.path, command) };
  const it = await start({ environment, timings });
  const id = await it.tasks.begin(`touch changed; ${DONE}`);
  await until(() => existsSync(join(bin.path, 'seen')));
  return {
    ...it,
    id,
    async [Symbol.asyncDispose]() {
      await it[Symbol.asyncDispose]();
      await bin[Symbol.asyncDispose]();
    },
  };
}

async function timed<T>(work: Promise<T>): Promise<T> {
  const began = performance.now();
  const result = await work;
  expect(performance.now() - began).toBeLessThan(SOON);
  return result;
}

describe('a task that is cancelled', () => {
  test('while its checkpoint is made is over soon', async () => {
    await using it = await hanging('commit-tree');
    await it.tasks.end(it.id, CANCELLED);
    expect(await timed(it.tasks.outcome(it.id))).toMatchObject({ status: 'cancelled', files_changed: [] });
  });

  test('while it is looked what it has changed is over soon, and says what it does not know', async () => {
    await using it = await hanging('diff-tree', { hurriedComparison: 200 });
    await it.tasks.end(it.id, CANCELLED);
    const outcome = await timed(it.tasks.outcome(it.id));
    expect(outcome).toMatchObject({ status: 'cancelled', files_changed: [], files_truncated: true });
  });

  test('while a process is stopped for it does not wait for that', async () => {
    const command = `trap '' TERM; until [ -e node_modules/go ]; do sleep 0.1; done`;
    const declared = { workers: [{ name: 'w', command, restart_after_task: true }] };
    const app = { 'node_modules/.keep': '' };
    await using it = await start({ declared, app, timings: { stopGrace: 4 * SOON } });
    const id = await it.tasks.begin(DONE);
    using events = await it.client.stream('GET', `/v1/tasks/${id}/events`);
    await until(() => events.text.includes('"phase":"restart"'));
    await it.tasks.end(id, CANCELLED);
    const { status } = await timed(it.tasks.outcome(id));
    expect(status).toBe('cancelled');
    expect(events.text).not.toContain('"phase":"health"');
    await it.client.write('node_modules/go', '');
  });

  test('after its provider has turned it away does not wait for its build', async () => {
    await using it = await start({ declared: { build: { command: 'touch node_modules; sleep 60' } } });
    const id = await it.tasks.begin('echo ready; sleep 60');
    await it.tasks.said(id, 'ready');
    await it.tasks.end(id, { reason: 'provider_error', message: 'Your credit is used up.' });
    await until(() => existsSync(join(it.app, 'node_modules')));
    await it.tasks.end(id, CANCELLED);
    expect(await timed(it.tasks.outcome(id))).toMatchObject({
      status: 'failed',
      failure_reason: 'provider_error',
      build_status: 'skipped',
    });
  });
});

test('a sandbox that stops does not wait until it is clear what a task has changed', async () => {
  await using it = await hanging('diff-tree', { lastComparison: 200 });
  await expect(timed(it.stop())).resolves.toBeUndefined();
});

test('a task is not taken for an old one by its name', async () => {
  await using it = await start();
  const newer = Array.from({ length: 60 }, (_, index) => `7ZZZZZZZZZZZZZZZZZZZZZZZ${10 + index}`);
  for (const id of newer) await mkdir(join(it.home, '.runtimed/tasks', id), { recursive: true });
  const id = await it.tasks.begin(`touch changed; ${DONE}`);
  const outcome = await it.tasks.outcome(id);
  expect(outcome).toMatchObject({ status: 'succeeded', files_changed: ['changed'] });
  expect(JSON.parse(await readIn(it.home, `.runtimed/tasks/${id}/result.json`))).toEqual(outcome);
});

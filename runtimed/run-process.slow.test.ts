import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CONTROL_SOCKET } from '../src/domain/runtimed.ts';
import { isAlive } from './testing/alive.ts';
import { launch } from './testing/launch.ts';
import { manifest, prepareMachine, type SandboxSetup } from './testing/sandbox.ts';
import { until } from './testing/until.ts';

const STUBBORN = `trap '' TERM; while :; do sleep 1; done`;
const worker = (command: string): SandboxSetup => ({
  preset: 'worker',
  app: { 'sandbox.yaml': manifest({ workers: [{ name: 'w', command }] }) },
});

describe('the process of a runtime', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'on %s stops all programs, however stubborn, and exits with 0',
    async (signal) => {
      await using it = await launch(await prepareMachine(worker(STUBBORN)));
      const pids = await it.workerPids();
      it.child.kill(signal);
      expect(await it.ended).toBe(0);
      expect(pids.filter(isAlive)).toEqual([]);
    },
  );

  it('does the same when it is ordered to, having answered', async () => {
    await using it = await launch(await prepareMachine(worker(STUBBORN)));
    const pids = await it.workerPids();
    expect((await it.client.call('POST', '/v1/shutdown')).status).toBe(204);
    expect(await it.ended).toBe(0);
    expect(pids.filter(isAlive)).toEqual([]);
  });

  it('is gone at once when its programs are', async () => {
    const shutdownGrace = 60_000;
    await using it = await launch(
      await prepareMachine({ ...worker('sleep 60'), timings: { shutdownGrace } }),
    );
    await it.workerPids();
    const started = performance.now();
    it.child.kill('SIGTERM');
    await it.ended;
    expect(performance.now() - started).toBeLessThan(shutdownGrace / 3);
  });

  it('is not what somebody means who ends what is called node', async () => {
    await using it = await launch(await prepareMachine(worker('sleep 60')));
    await it.workerPids();
    for (const file of ['comm', 'cmdline']) {
      expect(await readFile(`/proc/${it.child.pid}/${file}`, 'utf8')).toMatch(/^runtimed\s*\0*$/);
    }
  });

  it('logs one JSON object a line', async () => {
    await using it = await launch(await prepareMachine(worker('sleep 60')));
    await it.workerPids();
    it.child.kill('SIGTERM');
    await it.ended;
    const lines = it
      .output()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.map(({ message }) => message)).toEqual(
      expect.arrayContaining(['runtime started', 'process started']),
    );
    for (const line of lines)
      expect(line).toMatchObject({ at: expect.any(String), level: expect.any(String) });
  });

  it('replaces a socket that an earlier run has left', async () => {
    await using machine = await prepareMachine(worker('sleep 60'));
    const socket = join(machine.options.controlDirectory, CONTROL_SOCKET);
    await writeFile(socket, 'stale');
    await using it = await launch(machine);
    await it.workerPids();
    it.child.kill('SIGKILL');
    await it.ended;
    await using next = await launch(machine);
    expect(await next.workerPids()).toHaveLength(1);
  });

  it('exits with 1 when it cannot make its socket', async () => {
    await using machine = await prepareMachine();
    await rm(machine.options.controlDirectory, { recursive: true });
    await using it = await launch(machine);
    expect(await it.ended).toBe(1);
    expect(it.output()).toContain('runtime failed');
  });

  it('lives on when nobody reads its log', async () => {
    await using it = await launch(await prepareMachine(worker('sleep 60')));
    await it.workerPids();
    it.child.stdout?.destroy();
    await it.client.write('sandbox.yaml', manifest({ workers: [{ name: 'other', command: 'sleep 60' }] }));
    await until(async () =>
      (await it.client.status()).processes.some(({ name, running }) => name === 'other' && running),
    );
    expect(it.child.exitCode).toBeNull();
  });
});

import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { NOTHING_SECRET } from '../config/masked-output.ts';
import { LogStore } from '../logs/log-store.ts';
import { PATIENT } from '../testing/patience.ts';
import { collecting, prepareMachine } from '../testing/sandbox.ts';
import { logRoutes } from './log-routes.ts';
import { ControlServer } from './server.ts';

async function serve(home: Record<string, string> = {}) {
  const machine = await prepareMachine({ home });
  const logs = new LogStore(machine.home, NOTHING_SECRET);
  const routes = logRoutes({ logs, isDeclared: (name) => name === 'silent' });
  const server = await ControlServer.listen(machine.options.controlDirectory, routes, collecting([]));
  return {
    ...machine,
    logs,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await logs[Symbol.asyncDispose]();
      await machine[Symbol.asyncDispose]();
    },
  };
}

const LINES = Array.from({ length: 1500 }, (_, index) => `line ${index + 1}`);
const LOG = { '.runtimed/web.log': `${LINES.join('\n')}\n` };

describe('the logs of a process', () => {
  it.each([
    ['', 200],
    ['?tail=3', 3],
    ['?tail=1000', 1000],
    ['?tail=99999', 1000],
    ['?tail=0', 0],
  ])('are told with %j in %i lines', async (query, count) => {
    await using it = await serve(LOG);
    const { lines } = await it.client.json<{ lines: string[] }>(`/v1/processes/web/logs${query}`);
    expect(lines).toEqual(LINES.slice(LINES.length - count));
  });

  it('are empty for a process that has said nothing yet', async () => {
    await using it = await serve();
    expect(await it.client.json('/v1/processes/silent/logs')).toEqual({ process: 'silent', lines: [] });
  });

  it.each([
    ['of an unknown process', '/v1/processes/other/logs', 404],
    ['of an unknown process, followed', '/v1/processes/other/logs?follow=1', 404],
    ['with a name that is none', '/v1/processes/we.b/logs', 400],
    ['with a path for a name', '/v1/processes/..%2Fboot/logs', 400],
    ['with no name', '/v1/processes//logs', 400],
    ['with a name that is too long', `/v1/processes/${'x'.repeat(65)}/logs`, 400],
    ['with a tail that is no number', '/v1/processes/web/logs?tail=many', 400],
    ['with a tail that is no number, followed', '/v1/processes/web/logs?follow=1&tail=many', 400],
    ['with a negative tail', '/v1/processes/web/logs?tail=-1', 400],
  ])('%s are refused', async (_, path, status) => {
    await using it = await serve(LOG);
    expect((await it.client.call('GET', path)).status).toBe(status);
  });

  it('are not read through a symlink', async () => {
    await using it = await serve({ '.runtimed/x': '' });
    await symlink('/etc/passwd', join(it.home, '.runtimed/web.log'));
    for (const query of ['', '?follow=1']) {
      const reply = await it.client.call('GET', `/v1/processes/web/logs${query}`);
      expect({ status: reply.status, leaks: reply.text.includes('root:') }).toEqual({
        status: 404,
        leaks: false,
      });
    }
  });

  it('are followed from their last lines on', async () => {
    await using it = await serve(LOG);
    using stream = await it.client.stream('GET', '/v1/processes/web/logs?follow=1&tail=1');
    await expect.poll(() => stream.text, PATIENT).toBe('line 1500\n');
    await it.logs.of('web').write(Buffer.from('line 1501\n'));
    await expect.poll(() => stream.text, PATIENT).toBe('line 1500\nline 1501\n');
  });
});

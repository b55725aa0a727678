import { once } from 'node:events';
import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { claimInstance } from '../compose/claim.ts';
import { clearLeftovers } from './leftovers.ts';

it('leaves alone what a server of the same identity runs', async () => {
  const directory = await mkdtempDisposable(join(tmpdir(), 'leftovers-'));
  onTestFinished(() => directory.remove());
  const instance = `left-${process.pid}`;
  await writeFile(join(directory.path, 'instance'), instance);
  const asked: string[] = [];
  const engine = createServer(({ url = '' }, answer) => {
    asked.push(url);
    answer.setHeader('content-type', 'application/json').end('[]');
  });
  const dockerSocket = join(directory.path, 'docker.sock');
  await once(engine.listen(dockerSocket), 'listening');
  onTestFinished(async () => {
    const closed = once(engine, 'close');
    engine.close();
    engine.closeAllConnections();
    await closed;
  });
  const clear = () => clearLeftovers({ dataDir: directory.path, dockerSocket });
  {
    await using _server = await claimInstance(instance);
    expect(await clear()).toBe(0);
    expect(asked).toEqual([]);
  }
  // The engine here knows nothing: that it is asked at all is what counts.
  await expect(clear()).rejects.toThrow('is not as sandboxd makes it');
  expect(asked).not.toEqual([]);
});

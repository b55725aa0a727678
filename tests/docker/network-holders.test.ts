import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import Docker from 'dockerode';
import { pack } from 'tar-stream';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DockerEngine } from '../../src/adapters/docker/engine.ts';
import { type TestInstance, startInstance } from './instance.ts';
import { DOCKER_SOCKET, type NodeImage, buildNodeImage } from './node-image.ts';

const docker = new Docker({ socketPath: DOCKER_SOCKET });
const SERVE = `net.createServer((socket) => socket.end('hello')).listen(3000, '0.0.0.0', () => report('listening'));`;

let image: NodeImage;
let on: TestInstance;

beforeAll(async () => {
  image = await buildNodeImage();
});
afterAll(() => image?.[Symbol.asyncDispose]());
beforeEach(async () => {
  on = await startInstance(image.reference);
  await on.engine.ensureNetwork();
  await on.engine.keepNetworks(image.reference);
});
afterEach(() => on[Symbol.asyncDispose]());

const holders = async () => {
  const filters = { label: [`sandboxd.instance=${on.instance}`, 'sandboxd.network'] };
  return (await docker.listContainers({ all: true, filters })).map(({ Id }) => Id);
};

/** The same instance in another process, which knows nothing of this one. */
const anotherRun = () => new DockerEngine({ socketPath: DOCKER_SOCKET, instance: on.instance });

/** A sandbox that serves, and the container whose network it has joined. */
async function startServing() {
  const spec = await on.program(SERVE);
  await on.engine.create(spec);
  const run = await on.engine.start(spec.sandboxId);
  await on.reported(spec);
  return { spec, ...run, holder: await holderOf(spec.sandboxId) };
}

async function holderOf(sandboxId: string): Promise<string | undefined> {
  const name = `sandboxd-${on.instance}-${sandboxId.toLowerCase()}`;
  const { HostConfig } = await docker.getContainer(name).inspect();
  return /^container:(.+)$/.exec(HostConfig.NetworkMode ?? '')?.[1];
}

describe('networks that are kept ready', () => {
  it('are a few, however often they are asked for', async () => {
    const before = await holders();
    expect(before.length).toBeGreaterThan(1);
    await Promise.all([on.engine.keepNetworks(image.reference), on.engine.keepNetworks(image.reference)]);
    expect((await holders()).toSorted()).toEqual(before.toSorted());
  });

  it('are recognised by their name, and end at once when the engine is told to stop', async () => {
    const [id = ''] = await holders();
    const { Name } = await docker.getContainer(id).inspect();
    expect(Name).toMatch(new RegExp(`^/sandboxd-${on.instance}-network-[0-9a-f]+$`));
    const before = performance.now();
    await docker.getContainer(id).stop({ t: 60 });
    expect(performance.now() - before).toBeLessThan(30_000);
  });

  it('serve one sandbox each, which is reached and shown like any other', async () => {
    const { spec, address, startedAt, holder } = await startServing();
    expect(await holders()).toContain(holder);
    expect(await text(connect(3000, address))).toBe('hello');
    const view = { sandboxId: spec.sandboxId, state: 'running', address };
    expect(await on.engine.inspect(spec.sandboxId)).toEqual({ ...view, startedAt });
    expect(await on.engine.list()).toEqual([view]);

    const other = await startServing();
    expect(other.holder).not.toBe(holder);
    expect(other.address).not.toBe(address);
    // Somebody who has not made it sees it the same way.
    expect(await anotherRun().inspect(spec.sandboxId)).toEqual({ ...view, startedAt });
  });

  it('outlast a stop of their sandbox, and go with its removal', async () => {
    const { spec, address, holder } = await startServing();
    await on.engine.stop(spec.sandboxId, 5);
    expect(await on.engine.start(spec.sandboxId)).toMatchObject({ address });
    await on.engine.remove(spec.sandboxId);
    expect(await holders()).not.toContain(holder);
  });

  it('are done without when all are taken', async () => {
    const all = await holders();
    const served = await Promise.all(Array.from({ length: all.length + 1 }, startServing));
    const own = served.filter(({ holder }) => holder === undefined);
    expect(own).toHaveLength(1);
    for (const { address } of served) expect(await text(connect(3000, address))).toBe('hello');
  });

  it.each(['stopped', 'removed'])('that somebody has %s are made up for by a start', async (how) => {
    const all = await holders();
    for (const id of all)
      await docker.getContainer(id)[how === 'removed' ? 'remove' : 'kill']({ force: true });
    const spec = await on.program(SERVE);
    const start = async () => {
      await on.engine.create(spec);
      return on.engine.start(spec.sandboxId);
    };
    // As the agent does it.
    const { address } = await start().catch((error: unknown) => {
      if ((error as { code?: string }).code !== 'not_found') throw error;
      return start();
    });
    await on.reported(spec);
    expect(await text(connect(3000, address))).toBe('hello');
  });

  it.each(['ended', 'cut off'])('that are %s take their sandbox along: it is started anew', async (how) => {
    const { spec, holder = '' } = await startServing();
    const idle = await holders();
    if (how === 'ended') await docker.getContainer(holder).kill();
    else await docker.getNetwork(`sandboxd-${on.instance}`).disconnect({ Container: holder, Force: true });
    await expect
      .poll(
        async () => {
          await on.engine.keepNetworks(image.reference);
          return (await on.engine.inspect(spec.sandboxId)).state;
        },
        { timeout: 60_000 },
      )
      .toBe('stopped');
    expect(idle).toContain(holder);
    await on.engine.create(spec);
    const { address } = await on.engine.start(spec.sandboxId);
    await expect.poll(() => text(connect(3000, address)).catch(() => '')).toBe('hello');
  });

  it('that an earlier run has left are removed, save for those in use', async () => {
    const { holder } = await startServing();
    const left = (await holders()).filter((id) => id !== holder);
    const next = anotherRun();
    await next.keepNetworks(image.reference);
    const now = await holders();
    expect(now).toContain(holder);
    for (const id of left) expect(now).not.toContain(id);
    await expect(next.removeNetwork()).rejects.toMatchObject({ code: 'conflict' });
    expect(await holders()).toEqual([holder]);
  });

  it('that an earlier run has left go with the network, also those of a sandbox that was stopped', async () => {
    const { spec, holder } = await startServing();
    await on.engine.stop(spec.sandboxId, 5);
    expect(await holders()).toContain(holder);
    await anotherRun().removeNetwork();
    expect(await holders()).toEqual([]);
    await on.engine.ensureNetwork();
    await expect(on.engine.start(spec.sandboxId)).rejects.toMatchObject({ code: 'not_found' });
    await on.engine.create(spec);
    expect(await on.engine.start(spec.sandboxId)).toHaveProperty('address');
  });

  it('are made anew when the image is: the one before is not held on to', async () => {
    const tag = `sandboxd-test-moving:${randomUUID()}`;
    const run = anotherRun();
    const images = [await retag(tag, 'before')];
    try {
      await run.keepNetworks(tag);
      expect(await imagesOf(await holders())).toEqual(images);
      images.unshift(await retag(tag, 'after'));
      const spec = await on.program(SERVE);
      await run.create(spec);
      const used = await holderOf(spec.sandboxId);
      const spares = async () => {
        await run.keepNetworks(tag);
        return imagesOf((await holders()).filter((id) => id !== used));
      };
      await expect.poll(spares, { timeout: 30_000 }).toEqual([images[0]]);
    } finally {
      await run.removeNetwork();
      for (const id of images) await docker.getImage(id).remove();
    }
  });

  it('are refused without the image', async () => {
    await expect(anotherRun().keepNetworks('sandboxd-test:missing')).rejects.toMatchObject({
      code: 'unavailable',
    });
  });

  it('leave nothing behind where the image cannot hold one, and the engine says why', async () => {
    const tag = `sandboxd-test-bare:${randomUUID()}`;
    await importFile(tag);
    try {
      const run = anotherRun();
      const error = await run.keepNetworks(tag).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'node_unavailable' });
      expect(String((error as Error).cause)).toContain('sleep');
      expect(await holders()).toEqual([]);
      const spec = await on.program(SERVE);
      await run.create(spec);
      expect(await run.start(spec.sandboxId)).toHaveProperty('address');
    } finally {
      await docker.getImage(tag).remove();
    }
  });

  it('are none for a runtime that brings a network of its own kind', async () => {
    const run = anotherRun();
    await run.keepNetworks(image.reference, 'runsc');
    expect(await holders()).toEqual([]);
  });
});

/** Gives a name to a new image, of the same files as the usual one. @returns its id */
async function retag(tag: string, comment: string): Promise<string> {
  const [repo, version] = tag.split(':');
  const container = await docker.createContainer({ Image: image.reference });
  try {
    const { Id } = (await container.commit({ repo, tag: version, comment })) as { Id: string };
    return Id;
  } finally {
    await container.remove();
  }
}

/** An image of one file that is no program. */
async function importFile(tag: string): Promise<void> {
  const [repo, version] = tag.split(':');
  const files = pack();
  files.entry({ name: 'file' }, '');
  files.finalize();
  const progress = await docker.importImage(files as unknown as NodeJS.ReadableStream, {
    repo,
    tag: version,
  });
  await new Promise((resolve, reject) => {
    docker.modem.followProgress(progress, (error) => (error ? reject(error) : resolve(undefined)));
  });
}

async function imagesOf(containers: string[]): Promise<string[]> {
  const found = await Promise.all(containers.map((id) => docker.getContainer(id).inspect()));
  return [...new Set(found.map(({ Image }) => Image))];
}

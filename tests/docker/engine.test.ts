import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, lstat, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { type Server, type Socket, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import Docker from 'dockerode';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { EngineEvent } from '../../src/domain/engine.ts';
import { engineContract } from '../contracts/engine.contract.ts';
import { bestOf } from '../harness/best-of.ts';
import { type TestInstance, startInstance } from './instance.ts';
import { DOCKER_SOCKET, type NodeImage, buildNodeImage } from './node-image.ts';

let image: NodeImage;

beforeAll(async () => {
  image = await buildNodeImage();
});

afterAll(async () => {
  await image[Symbol.asyncDispose]();
});

engineContract('Docker', async () => ({
  ...(await startInstance(image.reference)),
  image: image.reference,
}));

engineContract('Docker with networks at the ready', async () => {
  const instance = await startInstance(image.reference);
  await instance.engine.keepNetworks(image.reference);
  return { ...instance, image: image.reference };
});

describe('a container', () => {
  let on: TestInstance;
  beforeEach(async () => {
    on = await startInstance(image.reference);
  });
  afterEach(async () => {
    await on[Symbol.asyncDispose]();
  });

  it('is hardened', async () => {
    const spec = await on.program(`
      const status = Object.fromEntries(fs.readFileSync('/proc/self/status', 'utf8').split('\\n').map((l) => l.split(':\\t')));
      const attempt = (act) => { try { act(); return 'allowed'; } catch (error) { return error.code; } };
      const mounts = Object.fromEntries(fs.readFileSync('/proc/mounts', 'utf8').split('\\n').map((l) => l.split(' ')).map((m) => [m[1], m[3]]));
      report({
        ids: [process.getuid(), process.getgid(), ...process.getgroups()],
        capabilities: ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'].map((set) => status[set]),
        noNewPrivileges: status.NoNewPrivs,
        seccomp: status.Seccomp,
        writeRoot: attempt(() => fs.writeFileSync('/x', '')),
        writeEtc: attempt(() => fs.writeFileSync('/etc/hosts', '')),
        writeHome: attempt(() => fs.writeFileSync('/home/sandbox/x', '')),
        writeScratch: ['/tmp', '/var/tmp'].map((d) => attempt(() => fs.writeFileSync(d + '/x', ''))),
        writeCa: attempt(() => fs.writeFileSync('/etc/sandboxd/ca.pem', '')),
        ca: fs.readFileSync('/etc/sandboxd/ca.pem', 'utf8'),
        mounts: ['/tmp', '/var/tmp', '/home/sandbox'].map((path) => mounts[path]),
        socket: fs.existsSync('/var/run/docker.sock'),
        limits: fs.readFileSync('/proc/self/limits', 'utf8').match(/Max open files +(\\d+) +(\\d+)/).slice(1),
        init: fs.readFileSync('/proc/1/comm', 'utf8').trim(),
        hostname: os.hostname(),
        oom: fs.readFileSync('/proc/self/oom_score_adj', 'utf8').trim(),
      });
      setInterval(() => {}, 1000);
    `);
    const caFile = join(on.root, 'ca.pem');
    await writeFile(caFile, 'a certificate');
    await on.engine.create({ ...spec, caFile });
    await on.engine.start(spec.sandboxId);
    const noMounts = { mounts: undefined };
    const seen = (await on.reported(spec)) as { mounts: string[] };
    expect({ ...seen, ...noMounts }).toEqual({
      ids: [1000, 1000, 1000],
      capabilities: Array(5).fill('0000000000000000'),
      noNewPrivileges: '1',
      seccomp: '2',
      writeRoot: 'EROFS',
      writeEtc: expect.stringMatching(/EROFS|EACCES/),
      writeHome: 'allowed',
      writeScratch: ['allowed', 'allowed'],
      writeCa: expect.stringMatching(/EROFS|EACCES/),
      ca: 'a certificate',
      socket: false,
      limits: ['1024', '1024'],
      init: 'docker-init',
      hostname: 'sandbox',
      oom: '500',
      ...noMounts,
    });
    for (const options of seen.mounts) expect(options).toMatch(/nosuid.*nodev|nodev.*nosuid/);
  });

  it('reaches what the node listens on in the provider’s directory, and changes nothing there', async () => {
    const spec = await on.program(`
      const attempt = (act) => { try { act(); return 'allowed'; } catch (error) { return error.code; } };
      const at = (name) => '/run/sandboxd-provider/' + name;
      const socket = net.connect(at('provider.sock'));
      socket.on('error', (error) => report(error.code));
      socket.on('data', (heard) => report({
        heard: String(heard),
        names: fs.readdirSync(at('')),
        changes: [
          () => fs.writeFileSync(at('mine'), ''),
          () => fs.mkdirSync(at('mine')),
          () => fs.renameSync(at('provider.sock'), at('mine')),
          () => fs.unlinkSync(at('provider.sock')),
          () => fs.chmodSync(at('provider.sock'), 0o600),
        ].map(attempt),
      }));
    `);
    const path = join(spec.providerDirectory, 'provider.sock');
    const node = createServer((socket) => socket.end('the provider'));
    await new Promise<void>((resolve) => node.listen(path, resolve));
    try {
      await chmod(path, 0o666);
      await on.engine.create(spec);
      await on.engine.start(spec.sandboxId);
      expect(await on.reported(spec)).toEqual({
        heard: 'the provider',
        names: ['provider.sock'],
        changes: Array(5).fill('EROFS'),
      });
    } finally {
      node.close();
    }
  });

  it('cannot have more processes, memory or scratch than its limits', async () => {
    const spec = await on.program(`
      const sleepers = [];
      let failure;
      for (let i = 0; i < 100 && failure === undefined; i++) {
        const child = spawn('/bin/node', ['-e', 'setInterval(() => {}, 1000)']);
        child.on('error', (error) => { failure ??= error.code; });
        sleepers.push(child);
        await new Promise((resolve) => child.on('spawn', resolve).on('error', resolve));
      }
      for (const child of sleepers) child.kill('SIGKILL');
      let scratch;
      try { fs.writeFileSync('/tmp/big', Buffer.alloc(140 * 1024 ** 2)); } catch (error) { scratch = error.code; }
      report({ failure, scratch });
      setInterval(() => {}, 1000);
    `);
    await on.engine.create({ ...spec, limits: { ...spec.limits, pids: 40 } });
    await on.engine.start(spec.sandboxId);
    expect(await on.reported(spec)).toEqual({ failure: 'EAGAIN', scratch: 'ENOSPC' });
  });

  it('that takes too much memory is killed, and that is told', async () => {
    const leaving = new AbortController();
    const events = on.engine.events(leaving.signal)[Symbol.asyncIterator]();
    await events.next();
    const spec = await on.program(`
      const hoard = [];
      setInterval(() => hoard.push(Buffer.alloc(32 * 1024 ** 2, 1)), 10);
    `);
    await on.engine.create({ ...spec, limits: { ...spec.limits, memoryBytes: 128 * 1024 ** 2 } });
    await on.engine.start(spec.sandboxId);
    const told: string[] = [];
    // The engine hears of the two apart, in either order.
    while (!told.includes('die') || !told.includes('oom'))
      told.push(((await events.next()).value as EngineEvent).type);
    expect(await on.engine.inspect(spec.sandboxId)).toMatchObject({ state: 'stopped', oomKilled: true });
    leaving.abort();
  });

  it('sees the layer below its own files, and leaves both ordinary when it stops', async () => {
    await mkdir(join(on.lower, 'workspace/app/node_modules'), { recursive: true });
    await writeFile(join(on.lower, 'workspace/app/node_modules/tool.js'), 'prepared');
    await promisify(execFile)('chown', ['-R', '1000:1000', on.lower]);
    const spec = await on.program(`
      process.chdir('/home/sandbox/workspace/app');
      const prepared = fs.readFileSync('node_modules/tool.js', 'utf8');
      fs.writeFileSync('main.js', 'mine');
      fs.rmSync('node_modules', { recursive: true });
      fs.mkdirSync('src');
      fs.renameSync('src', 'source');
      report(prepared);
      setInterval(() => {}, 1000);
    `);
    await on.engine.create(spec);
    await on.engine.start(spec.sandboxId);
    expect(await on.reported(spec)).toBe('prepared');
    await on.engine.stop(spec.sandboxId, 5);
    expect(await readFile('/proc/self/mounts', 'utf8')).not.toContain(spec.sandboxId);
    const app = join(spec.home.upper, 'workspace/app');
    expect((await readdir(app)).toSorted()).toEqual(['main.js', 'node_modules', 'source']);
    const whiteout = await lstat(join(app, 'node_modules'));
    expect([whiteout.isCharacterDevice(), whiteout.rdev]).toEqual([true, 0]);
    expect(await readdir(join(on.lower, 'workspace/app/node_modules'))).toEqual(['tool.js']);
  });

  it('reports the exit code of a program that ends', async () => {
    const leaving = new AbortController();
    const events = on.engine.events(leaving.signal)[Symbol.asyncIterator]();
    await events.next();
    const spec = await on.program('process.exit(3)');
    await on.engine.create(spec);
    const started = on.engine.start(spec.sandboxId).catch((error: unknown) => error);
    let event: EngineEvent;
    do event = (await events.next()).value;
    while (event.type !== 'die');
    expect(event).toMatchObject({ sandboxId: spec.sandboxId, exitCode: 3 });
    await started;
    expect(await on.engine.inspect(spec.sandboxId)).toMatchObject({ state: 'stopped', exitCode: 3 });
    leaving.abort();
  });

  it('is created and started within two seconds', async () => {
    await on.engine.ensureNetwork();
    await on.engine.info();
    const took = await bestOf(5, 2000, async () => {
      const spec = await on.program('setInterval(() => {}, 1000)');
      const before = performance.now();
      await on.engine.create(spec);
      await on.engine.start(spec.sandboxId);
      return performance.now() - before;
    });
    expect(took).toBeLessThan(2000);
  });

  it('of an unknown runtime is refused without a trace', async () => {
    const spec = await on.program('');
    const created = on.engine.create({ ...spec, runtime: 'no-such-runtime' });
    await expect(created.then(() => on.engine.start(spec.sandboxId))).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('runtime'),
    });
  });

  it('whose directories are gone fails without telling where they were', async () => {
    const spec = await on.program('');
    const home = { kind: 'bind', path: join(on.root, 'no-such') } as const;
    const failure = await on.engine.create({ ...spec, home }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'sandbox_unavailable' });
    expect((failure as Error).message).not.toContain(on.root);
  });

  it('needs more CPUs than there are, and gets those there are', async () => {
    const spec = await on.program('setInterval(() => {}, 1000)');
    await on.engine.create({ ...spec, limits: { ...spec.limits, cpus: 4096 } });
    await on.engine.start(spec.sandboxId);
    expect(await on.engine.inspect(spec.sandboxId)).toMatchObject({ state: 'running' });
  });

  it('of somebody else is neither adopted, listed, stopped nor removed', async () => {
    const docker = new Docker({ socketPath: DOCKER_SOCKET });
    const spec = await on.program('');
    const name = `sandboxd-${on.instance}-${spec.sandboxId.toLowerCase()}`;
    const stranger = await docker.createContainer({ name, Image: image.reference });
    try {
      await stranger.start();
      const { engine } = on;
      for (const attempt of [
        () => engine.create(spec),
        () => engine.start(spec.sandboxId),
        () => engine.stop(spec.sandboxId, 1),
        () => engine.remove(spec.sandboxId),
      ]) {
        await expect(attempt()).rejects.toMatchObject({ code: 'conflict' });
      }
      expect(await engine.list()).toEqual([]);
      expect((await stranger.inspect()).State.Running).toBe(true);
    } finally {
      await stranger.remove({ force: true });
    }
  });

  it('is made anew when the network it was made for has gone', async () => {
    const docker = new Docker({ socketPath: DOCKER_SOCKET });
    const spec = await on.program('setInterval(() => {}, 1000)');
    await on.engine.create(spec);
    await on.engine.start(spec.sandboxId);
    await on.engine.stop(spec.sandboxId, 5);
    await docker.getNetwork(`sandboxd-${on.instance}`).remove();
    await expect(on.engine.start(spec.sandboxId)).rejects.toMatchObject({ code: 'not_found' });
    await on.engine.create(spec);
    await on.engine.start(spec.sandboxId);
  });

  it('and its volume survive a removal cut off midway', async () => {
    const docker = new Docker({ socketPath: DOCKER_SOCKET });
    const spec = await on.program('');
    await on.engine.create(spec);
    await docker.getContainer(`sandboxd-${on.instance}-${spec.sandboxId.toLowerCase()}`).remove();
    expect(await on.engine.listVolumes()).toEqual([spec.sandboxId]);
    await on.engine.remove(spec.sandboxId);
    expect(await on.engine.listVolumes()).toEqual([]);
  });

  it('mounts the home it was last created with', async () => {
    const docker = new Docker({ socketPath: DOCKER_SOCKET });
    const write = "fs.writeFileSync('/home/sandbox/mine', ''); report(1); setInterval(() => {}, 1000);";
    const spec = await on.program(write);
    await on.engine.create(spec);
    await docker.getContainer(`sandboxd-${on.instance}-${spec.sandboxId.toLowerCase()}`).remove();
    const other = await on.program(write);
    await on.engine.create({ ...spec, home: other.home });
    await on.engine.start(spec.sandboxId);
    await on.reported(spec);
    await on.engine.remove(spec.sandboxId);
    expect(existsSync(join(other.home.upper, 'mine'))).toBe(true);
    expect(await on.engine.listVolumes()).toEqual([]);
  });

  it('is all that is left when what a killed run left half-done is tidied up', async () => {
    const spec = await on.program('setInterval(() => {}, 1000)');
    await on.engine.create(spec);
    const docker = new Docker({ socketPath: DOCKER_SOCKET });
    const Labels = { 'sandboxd.instance': on.instance, 'sandboxd.helper': '' };
    await docker.createContainer({ Image: image.reference, Cmd: ['/nothing'], Labels });
    await on.engine.tidy();
    const filters = { label: [`sandboxd.instance=${on.instance}`] };
    const left = await docker.listContainers({ all: true, filters });
    expect(left.map((container) => container.Labels['sandboxd.sandbox'])).toEqual([spec.sandboxId]);
  });

  it('can have an overlay home on this machine, which is found out without a trace', async () => {
    const directory = join(on.root, 'probe');
    await mkdir(directory);
    expect(await on.engine.probeOverlay(image.reference, directory)).toBe(true);
    expect(await readdir(directory)).toEqual([]);
    expect(await on.engine.probeOverlay(image.reference, '/dev/shm/a,b')).toBe(false);
    const missing = on.engine.probeOverlay('sandboxd-test:no-such', directory);
    await expect(missing).rejects.toMatchObject({ code: 'unavailable' });
    const left = await new Docker({ socketPath: DOCKER_SOCKET }).listContainers({
      all: true,
      filters: { label: [`sandboxd.instance=${on.instance}`] },
    });
    expect(left).toEqual([]);
  });
});

describe('an engine that goes away', () => {
  it('is told apart from one that refuses, and events go on when it is back', async () => {
    const root = join(
      await promisify(execFile)('mktemp', ['-d']).then(({ stdout }) => stdout.trim()),
      'engine.sock',
    );
    await using line = await breakableLine(root);
    await using on = await startInstance(image.reference, root);
    const leaving = new AbortController();
    const events = on.engine.events(leaving.signal)[Symbol.asyncIterator]();
    expect((await events.next()).value).toEqual({ type: 'connected' });
    const spec = await on.program('setInterval(() => {}, 1000)');
    await on.engine.create(spec);

    await line.cut();
    expect((await events.next()).value).toEqual({ type: 'disconnected' });
    await expect(on.engine.start(spec.sandboxId)).rejects.toMatchObject({
      code: 'node_unavailable',
      retryable: true,
    });

    const reconnected = events.next();
    await line.mend();
    expect((await reconnected).value).toEqual({ type: 'connected' });
    await on.engine.start(spec.sandboxId);
    expect((await events.next()).value).toMatchObject({ type: 'start', sandboxId: spec.sandboxId });
    leaving.abort();
    expect((await events.next()).done).toBe(true);
  });
});

/** The engine's socket at another path, which can be cut. */
async function breakableLine(path: string) {
  let server: Server | undefined;
  const sockets = new Set<Socket>();
  const mend = async (): Promise<void> => {
    server = createServer((near) => {
      const far = connect(DOCKER_SOCKET);
      for (const socket of [near, far]) {
        sockets.add(socket);
        socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket));
      }
      near.pipe(far).pipe(near);
      near.on('close', () => far.destroy());
    });
    await new Promise<void>((resolve) => server?.listen(path, resolve));
  };
  const cut = async (): Promise<void> => {
    const closed = new Promise((resolve) => (server?.listening ? server.close(resolve) : resolve(undefined)));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  await mend();
  return { cut, mend, [Symbol.asyncDispose]: cut };
}

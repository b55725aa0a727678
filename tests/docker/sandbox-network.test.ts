import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, type Server, createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { promisify } from 'node:util';
import Docker from 'dockerode';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { namesOf } from '../../src/adapters/docker/names.ts';
import { type TestInstance, startInstance } from './instance.ts';
import { DOCKER_SOCKET, type NodeImage, buildNodeImage } from './node-image.ts';

const run = promisify(execFile);
const ip = (...args: string[]) => run('ip', args);
/** Waits for its turn: the engine sets rules as well. */
const iptables = (...args: string[]) => run('iptables', ['-w', ...args]);

/** What both packet filters hold of one instance: others on this machine come and go. */
async function rulesOf(instance: string): Promise<string[]> {
  const { bridge, chainPrefix } = namesOf(instance);
  const saved = await Promise.all([run('iptables-save'), run('ip6tables-save')]);
  const lines = saved.flatMap(({ stdout }) => stdout.split('\n'));
  return lines.filter((line) => line.includes(bridge) || line.includes(chainPrefix));
}

/** Says whether a connection was made; one that is expected gets more time than it takes to see that there is none. */
const KNOCK = `
const knock = (host, port, timeout = 2000) => new Promise((resolve) => {
  const socket = net.connect({ host, port, timeout });
  socket.on('connect', () => { resolve('open'); socket.destroy(); });
  socket.on('timeout', () => { resolve('shut'); socket.destroy(); });
  socket.on('error', () => resolve('shut'));
});
`;
const SERVE = `net.createServer((socket) => socket.end('hello')).listen(3000, '0.0.0.0', () => report('listening'));`;

const MODES = [
  { mode: 'that its start sets up', isReady: false },
  { mode: 'that was kept ready', isReady: true },
];

let image: NodeImage;

beforeAll(async () => {
  image = await buildNodeImage();
});
afterAll(() => image?.[Symbol.asyncDispose]());

describe.each(MODES)('a sandbox on a network $mode', ({ isReady }) => {
  let on: TestInstance;
  let host: Server;
  let port: number;
  /** Every address this machine has, the bridge's own included. */
  let hostAddresses: string[];

  beforeAll(async () => {
    on = await startInstance(image.reference);
    await on.engine.ensureNetwork();
    host = createServer((socket) => socket.end('host'));
    await new Promise<void>((resolve) => host.listen(0, '::', resolve));
    ({ port } = host.address() as AddressInfo);
    const gateway = (
      await new Docker({ socketPath: DOCKER_SOCKET }).getNetwork(`sandboxd-${on.instance}`).inspect()
    ).IPAM?.Config?.[0]?.Gateway;
    const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
    hostAddresses = own.filter(({ internal }) => !internal).map(({ address }) => address);
    hostAddresses.push(gateway ?? expect.fail('the network has no gateway'));
  });

  afterAll(async () => {
    host?.close();
    await on?.[Symbol.asyncDispose]();
  });

  /** Networks that no sandbox uses yet. Little after a start none is made: it is asked for again. */
  const spares = async (): Promise<number> => {
    await on.engine.keepNetworks(image.reference);
    const filters = { label: [`sandboxd.instance=${on.instance}`] };
    const all = await new Docker({ socketPath: DOCKER_SOCKET }).listContainers({ all: true, filters });
    const used = all.filter(({ HostConfig }) => HostConfig.NetworkMode?.startsWith('container:'));
    return all.filter(({ Labels }) => 'sandboxd.network' in Labels).length - used.length;
  };

  const start = async (javascript: string) => {
    const spec = await on.program(javascript);
    if (isReady) await expect.poll(spares, { timeout: 30_000 }).toBeGreaterThan(0);
    await on.engine.create(spec);
    return { spec, ...(await on.engine.start(spec.sandboxId)) };
  };

  it('is reached from the node, and answers', async () => {
    const { spec, address } = await start(SERVE);
    await on.reported(spec);
    const { connect } = await import('node:net');
    const { text } = await import('node:stream/consumers');
    expect(await text(connect(3000, address))).toBe('hello');
  });

  it('reaches no other sandbox', async () => {
    const other = await start(SERVE);
    await on.reported(other.spec);
    const { spec } = await start(`${KNOCK} report(await knock('${other.address}', 3000));`);
    expect(await on.reported(spec)).toBe('shut');
  });

  it('reaches no other sandbox, even where the engine leaves packet filters alone', async () => {
    const { bridge } = namesOf(on.instance);
    const { stdout } = await iptables('-S');
    const rule = stdout.split('\n').find((line) => line.includes(`-i ${bridge} -o ${bridge} -j DROP`));
    expect(rule).toMatch(/^-A (FORWARD|DOCKER-FORWARD|DOCKER-ISOLATION|DOCKER-BRIDGE|DOCKER) /);
    const [, chain = '', ...match] = rule?.split(' ') ?? [];
    await iptables('-D', chain, ...match);
    try {
      const other = await start(SERVE);
      await on.reported(other.spec);
      const { spec } = await start(`${KNOCK} report(await knock('${other.address}', 3000));`);
      expect(await on.reported(spec)).toBe('shut');
    } finally {
      await iptables('-A', chain, ...match);
    }
  });

  it('has no IPv6, by which it could reach anything', async () => {
    const { spec } = await start(`
      const addresses = Object.values(os.networkInterfaces()).flat().filter(({ internal }) => !internal);
      report(addresses.map(({ family }) => family));
    `);
    expect(await on.reported(spec)).toEqual(['IPv4']);
  });

  it('reaches no service of the node, at any of its addresses', async () => {
    const targets = JSON.stringify(hostAddresses);
    const { spec } = await start(
      `${KNOCK} report(await Promise.all(${targets}.map((address) => knock(address, ${port}))));`,
    );
    expect(await on.reported(spec)).toEqual(hostAddresses.map(() => 'shut'));
  });

  it('reaches no other container, and no port that one publishes on the node', async () => {
    const docker = new Docker({ socketPath: DOCKER_SOCKET });
    const published = await docker.createContainer({
      Image: image.reference,
      Env: ["RUN=const net = await import('node:net'); net.createServer((s) => s.end('x')).listen(3000);"],
      ExposedPorts: { '3000/tcp': {} },
      HostConfig: { PortBindings: { '3000/tcp': [{ HostPort: '' }] } },
    });
    try {
      await published.start();
      const { Ports, Networks } = (await published.inspect()).NetworkSettings;
      const hostPort = Number(Ports['3000/tcp']?.[0]?.HostPort);
      const targets = JSON.stringify(hostAddresses.filter((address) => address.includes('.')));
      const { spec } = await start(
        `${KNOCK} report(await Promise.all(${targets}.map((address) => knock(address, ${hostPort}))));`,
      );
      expect(new Set((await on.reported(spec)) as string[])).toEqual(new Set(['shut']));
      const direct = await start(`${KNOCK} report(await knock('${Networks['bridge']?.IPAddress}', 3000));`);
      expect(await on.reported(direct.spec)).toBe('shut');
    } finally {
      await published.remove({ force: true });
    }
  });

  it('reaches no cloud metadata, wherever it is served', async () => {
    await withMetadataService(async (addresses) => {
      // The same addresses answer where nothing forbids it: the knock proves something.
      const docker = new Docker({ socketPath: DOCKER_SOCKET });
      const targets = JSON.stringify(addresses);
      const { spec } = await start(
        `${KNOCK} report(await Promise.all(${targets}.map((a) => knock(a, 80))));`,
      );
      expect(await on.reported(spec)).toEqual(addresses.map(() => 'shut'));
      const open = await on.program(
        `${KNOCK} report(await Promise.all(${targets}.map((a) => knock(a, 80, 20_000))));`,
      );
      const unguarded = await docker.createContainer({
        Image: image.reference,
        User: '1000',
        Env: [`RUN=${open.env['RUN']}`],
        HostConfig: { Binds: [`${open.controlDirectory}:/run/sandboxd`] },
      });
      try {
        await unguarded.start();
        expect(await on.reported(open)).toEqual(addresses.map(() => 'open'));
      } finally {
        await unguarded.remove({ force: true });
      }
    });
  });

  it('resolves names and reaches the internet', async () => {
    const { stdout: registry } = await run('npm', ['config', 'get', 'registry']);
    const { hostname } = new URL(registry.trim());
    const { spec } = await start(`
      const { lookup } = await import('node:dns/promises');
      const { address } = await lookup('${hostname}', { family: 4 }).catch((error) => ({ address: error.code }));
      ${KNOCK}
      report({ address, https: await knock(address, 443, 20_000) });
    `);
    expect(await on.reported(spec)).toEqual({ address: expect.stringMatching(/^[\d.]+$/), https: 'open' });
  });

  it('has its rules once, however often they are set, and again when something flushed them', async () => {
    const ours = async () =>
      (await rulesOf(on.instance)).filter((rule) => rule.includes('SANDBOXD-')).toSorted();
    const before = await ours();
    await Promise.all([on.engine.ensureNetwork(), on.engine.ensureNetwork()]);
    expect(await ours()).toEqual(before);
    const jump = before.find((rule) => rule.startsWith('-A INPUT') && rule.endsWith('-IN')) ?? '';
    await iptables(...jump.replace('-A', '-D').split(' '));
    expect(await ours()).not.toEqual(before);
    await on.engine.ensureNetwork();
    expect(await ours()).toEqual(before);
  });

  it('leaves no rule behind', async () => {
    await using other = await startInstance(image.reference);
    await other.engine.ensureNetwork();
    expect(await rulesOf(other.instance)).not.toEqual([]);
    await other.engine.removeNetwork();
    expect(await rulesOf(other.instance)).toEqual([]);
  });
});

/** Puts stand-ins for the metadata services behind this machine, as a cloud does. */
async function withMetadataService(use: (addresses: string[]) => Promise<void>): Promise<void> {
  const addresses = ['169.254.169.254', '169.254.170.2', '168.63.129.16', '100.100.100.200', '192.0.0.192'];
  const space = `sbxtest-${process.pid}`;
  await ip('netns', 'add', space);
  const [near, far] = [`sbxt${process.pid}a`.slice(0, 15), `sbxt${process.pid}b`.slice(0, 15)];
  try {
    await ip('link', 'add', near, 'type', 'veth', 'peer', 'name', far, 'netns', space);
    await ip('addr', 'add', '10.213.77.1/30', 'dev', near);
    await ip('link', 'set', near, 'up');
    await ip('-n', space, 'addr', 'add', '10.213.77.2/30', 'dev', far);
    await ip('-n', space, 'link', 'set', far, 'up');
    await ip('-n', space, 'route', 'add', 'default', 'via', '10.213.77.1');
    for (const address of addresses) {
      await ip('-n', space, 'addr', 'add', `${address}/32`, 'dev', far);
      await ip('route', 'add', `${address}/32`, 'via', '10.213.77.2', 'dev', near);
    }
    const serve = `require('node:net').createServer((s) => s.end()).listen(80, () => console.log('ready'))`;
    const server = execFile('ip', ['netns', 'exec', space, process.execPath, '-e', serve]);
    try {
      await new Promise((resolve) => server.stdout?.once('data', resolve));
      await use(addresses);
    } finally {
      const ended = once(server, 'exit');
      server.kill();
      await ended;
    }
  } finally {
    // Not left to the end of the name space, which is some time after its deletion. It may never have been added.
    await ip('link', 'delete', near).catch(() => undefined);
    await ip('netns', 'delete', space);
  }
}

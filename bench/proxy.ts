import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Child, CORE, cpuSeconds, listening, residentMegabytes } from './proxy/child.ts';
import { measureRouteChange } from './proxy/route-change.ts';
import { type Contender, isInstalled, startCaddy, startNginx } from './proxy/rivals.ts';
import { hostOf, sandboxIds } from './proxy/routes.ts';

const ROUTES = 1000;
const SECONDS = 8;
const CONNECTIONS = 64;
const PACE = 1500;
const HERE = dirname(fileURLToPath(import.meta.url));

interface Result {
  readonly name: string;
  readonly perSecond: number;
  /** Milliseconds of CPU per 1 000 requests; 0 for the floor, where there is nothing to measure. */
  readonly cpu: number;
  readonly megabytes: number;
  readonly p50: number;
  readonly p99: number;
}

/** Compares the preview proxy with nginx and Caddy, where those are installed, in one run on the same core. */
export async function run(): Promise<void> {
  if (!isInstalled('wrk')) throw new Error('wrk is needed to make load: install the package "wrk".');
  const directory = await mkdtemp(join(tmpdir(), 'bench-'));
  try {
    await using upstream = Child.start(CORE.rest, process.execPath, [join(HERE, 'proxy/upstream.ts')]);
    const port = Number(await upstream.firstLine());
    const script = join(directory, 'hosts.lua');
    const hosts = sandboxIds(ROUTES).map((id) => hostOf(id, port));
    await writeFile(script, luaScript(hosts));
    const results: Result[] = [await measure({ ...floor(port) }, port, script)];
    for (const start of contenders(directory, hosts, port)) {
      await using contender = await start();
      results.push(await measure(contender, port, script));
    }
    report(results);
    console.log(await measureRouteChange(port));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

const floor = (port: number): Contender => ({
  name: 'direct',
  port,
  pid: 0,
  [Symbol.asyncDispose]: async () => undefined,
});

function contenders(directory: string, hosts: readonly string[], port: number): (() => Promise<Contender>)[] {
  return [
    () => startOurs(port),
    ...(isInstalled('nginx') ? [() => startNginx(directory, hosts, port)] : []),
    ...(isInstalled('caddy') ? [() => startCaddy(directory, port)] : []),
  ];
}

async function startOurs(upstream: number): Promise<Contender> {
  const args = [join(HERE, 'proxy/ours.ts'), String(upstream), String(ROUTES)];
  const child = Child.start(CORE.measured, process.execPath, args);
  const port = Number(await child.firstLine());
  await listening(port);
  return { name: 'ours', port, pid: child.pid, [Symbol.asyncDispose]: () => child[Symbol.asyncDispose]() };
}

async function measure({ name, port, pid }: Contender, upstream: number, script: string): Promise<Result> {
  await load(port, script, 2);
  const before = pid === 0 ? 0 : await cpuSeconds(pid);
  const { requests, seconds } = await load(port, script, SECONDS);
  const used = pid === 0 ? 0 : (await cpuSeconds(pid)) - before;
  const megabytes = pid === 0 ? 0 : await residentMegabytes(pid);
  const paced = await pace(port, upstream);
  return {
    name,
    perSecond: requests / seconds,
    cpu: (used * 1_000_000) / requests,
    megabytes,
    ...paced,
  };
}

async function load(port: number, script: string, seconds: number) {
  const args = [
    '-t1',
    `-c${CONNECTIONS}`,
    `-d${seconds}s`,
    '-s',
    script,
    `http://127.0.0.1:${port}/assets/app.js`,
  ];
  await using wrk = Child.start(CORE.rest, 'wrk', args);
  const output = await wrk.output();
  const [, requests, took] = /(\d+) requests in ([\d.]+)s/.exec(output) ?? [];
  if (requests === undefined || /Non-2xx|Socket errors/.test(output)) throw new Error(output);
  return { requests: Number(requests), seconds: Number(took) };
}

async function pace(port: number, upstream: number): Promise<{ p50: number; p99: number }> {
  const args = [port, upstream, ROUTES, PACE, 5].map(String);
  await using loader = Child.start(CORE.rest, process.execPath, [join(HERE, 'proxy/loader.ts'), ...args]);
  const result = JSON.parse(await loader.output());
  if (result.answered !== result.sent) throw new Error(`Requests were lost: ${JSON.stringify(result)}`);
  return result;
}

/** Each request names another sandbox. */
function luaScript(hosts: readonly string[]): string {
  const list = hosts.map((host) => `"${host}"`).join(',');
  return `local hosts = {${list}}
local requests, next = {}, 0
init = function()
  for i, host in ipairs(hosts) do
    requests[i] = wrk.format("GET", nil, {["Host"] = host, ["Accept"] = "*/*", ["User-Agent"] = "bench"})
  end
end
request = function() next = next % #hosts + 1; return requests[next] end
`;
}

function report(results: readonly Result[]): void {
  const [direct, ours] = results;
  const find = (name: string) => results.find((result) => result.name === name);
  console.table(
    results.map(({ name, perSecond, cpu, megabytes, p50, p99 }) => ({
      name,
      'requests/s': Math.round(perSecond),
      'CPU ms/1000': Number(cpu.toFixed(1)),
      MB: Math.round(megabytes),
      [`p50 µs at ${PACE}/s`]: p50,
      'p99 µs': p99,
      'added p50 µs': p50 - (direct?.p50 ?? 0),
    })),
  );
  if (ours === undefined || direct === undefined) return;
  const goal = (text: string, value: number | undefined, met: (value: number) => boolean) => {
    if (value !== undefined) console.log(`${met(value) ? 'met   ' : 'MISSED'} ${text}: ${value.toFixed(2)}`);
  };
  const nginx = find('nginx');
  const caddy = find('Caddy');
  goal('throughput ≥ 1.6 × Caddy', caddy && ours.perSecond / caddy.perSecond, (value) => value >= 1.6);
  goal('throughput ≥ 0.45 × nginx', nginx && ours.perSecond / nginx.perSecond, (value) => value >= 0.45);
  goal('CPU per request ≤ 0.6 × Caddy', caddy && ours.cpu / caddy.cpu, (value) => value <= 0.6);
  goal(
    'added p50 ≤ 1.2 × nginx',
    nginx && (ours.p50 - direct.p50) / (nginx.p50 - direct.p50),
    (value) => value <= 1.2,
  );
  goal('resident MB ≤ 150', ours.megabytes, (value) => value <= 150);
}

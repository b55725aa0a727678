import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Child, CORE, cpuSeconds, listening, residentMegabytes } from './proxy/child.ts';
import { verdict } from './verdict.ts';
import { measureRouteChange } from './proxy/route-change.ts';
import { type Contender, isInstalled, startCaddy, startNginx } from './proxy/rivals.ts';
import { type BenchRoute, benchRoutes, hostOf } from './proxy/routes.ts';

const ROUTES = 1000;
/** Everybody takes their turn in each round, so that what else the machine does falls on all alike. */
const ROUNDS = 4;
const SECONDS = 3;
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
    await using upstream = Child.start(CORE.rest, process.execPath, [
      join(HERE, 'proxy/upstream.ts'),
      String(ROUTES),
    ]);
    const port = Number(await upstream.firstLine());
    const script = join(directory, 'hosts.lua');
    const routes = benchRoutes(ROUTES);
    await writeFile(script, luaScript(routes.map(({ sandboxId }) => hostOf(sandboxId, port))));
    await using running = new AsyncDisposableStack();
    const all = [floor(port)];
    for (const start of contenders(directory, routes, port)) all.push(running.use(await start()));
    const results = await measureAll(all, port, script);
    report(results);
    for (const line of judge(results)) console.log(line);
    for (const line of await measureRouteChange(port)) console.log(line);
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

function contenders(
  directory: string,
  routes: readonly BenchRoute[],
  port: number,
): (() => Promise<Contender>)[] {
  return [
    () => startOurs(port),
    ...(isInstalled('nginx') ? [() => startNginx(directory, routes, port)] : []),
    ...(isInstalled('caddy') ? [() => startCaddy(directory, port)] : []),
  ];
}

async function startOurs(upstream: number): Promise<Contender> {
  // The young generation that the worker is given: three semi-spaces.
  const args = ['--max-semi-space-size=4', join(HERE, 'proxy/ours.ts'), String(upstream), String(ROUTES)];
  const child = Child.start(CORE.measured, process.execPath, args);
  const port = Number(await child.firstLine());
  await listening(port);
  return { name: 'ours', port, pid: child.pid, [Symbol.asyncDispose]: () => child[Symbol.asyncDispose]() };
}

async function measureAll(all: readonly Contender[], upstream: number, script: string): Promise<Result[]> {
  for (const { port } of all) await load(port, script, 2);
  const rounds: Result[][] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const results: Result[] = [];
    for (const contender of all) results.push(await measure(contender, upstream, script));
    rounds.push(results);
  }
  return all.map(({ name }, i) => {
    const middle = (pick: (result: Result) => number) =>
      median(rounds.flatMap((results) => results[i] ?? []).map(pick));
    return {
      name,
      perSecond: middle((result) => result.perSecond),
      cpu: middle((result) => result.cpu),
      megabytes: middle((result) => result.megabytes),
      p50: middle((result) => result.p50),
      p99: middle((result) => result.p99),
    };
  });
}

async function measure({ name, port, pid }: Contender, upstream: number, script: string): Promise<Result> {
  // Connections made in an earlier round have been dropped for idleness by now.
  await load(port, script, 1);
  const before = pid === 0 ? 0 : await cpuSeconds(pid);
  const { requests, seconds } = await load(port, script, SECONDS);
  const used = pid === 0 ? 0 : (await cpuSeconds(pid)) - before;
  const megabytes = pid === 0 ? 0 : await residentMegabytes(pid);
  const paced = await pace(port, upstream);
  const cpu = (used * 1_000_000) / requests;
  return { name, perSecond: requests / seconds, cpu, megabytes, ...paced };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  return ((sorted[half] ?? 0) + (sorted[sorted.length - 1 - half] ?? 0)) / 2;
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
  const args = [port, upstream, ROUTES, PACE, SECONDS].map(String);
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
  const direct = results[0]?.p50 ?? 0;
  console.table(
    results.map(({ name, perSecond, cpu, megabytes, p50, p99 }) => ({
      name,
      'requests/s': Math.round(perSecond),
      'CPU ms/1000': Number(cpu.toFixed(1)),
      MB: Math.round(megabytes),
      [`p50 µs at ${PACE}/s`]: Math.round(p50),
      'p99 µs': Math.round(p99),
      'added p50 µs': Math.round(p50 - direct),
    })),
  );
}

/** The ratios that the proxy is held to, where there is somebody to compare it with. */
function judge(results: readonly Result[]): string[] {
  const [direct, ours, ...rivals] = results;
  if (direct === undefined || ours === undefined) return [];
  const nginx = rivals.find(({ name }) => name === 'nginx');
  const caddy = rivals.find(({ name }) => name === 'Caddy');
  const added = (result: Result) => result.p50 - direct.p50;
  return [
    caddy && verdict('throughput / Caddy', ours.perSecond / caddy.perSecond, { least: 1.6 }),
    caddy && verdict('CPU per request / Caddy', ours.cpu / caddy.cpu, { most: 0.6 }),
    nginx && verdict('throughput / nginx', ours.perSecond / nginx.perSecond, { least: 0.45 }),
    nginx && verdict('added p50 / nginx', added(ours) / added(nginx), { most: 1.2 }),
    verdict('resident MB', ours.megabytes, { most: 150 }),
  ].filter((line) => line !== undefined);
}

import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type TestEngine, buildBaseImage, ensureTools, startEngine } from './runner/machine.ts';
import { NOTHING, type Score, add, summaryOf } from './runner/score.ts';
import { type Surroundings, runTests, runTool, step } from './runner/steps.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { check: { type: 'boolean' }, fast: { type: 'boolean' } } });
  const interruption = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.on(name, () => interruption.abort(new Error(name)));
  const env = {
    ...process.env,
    PATH: [join(root, 'node_modules/.bin'), process.env['PATH']].join(delimiter),
  };
  process.env['PATH'] = env.PATH;
  const surroundings: Surroundings = { root, env, signal: interruption.signal };

  let score = await check(surroundings);
  if (values.fast === true) score = add(score, await runTests(surroundings, ['fast']));
  else if (values.check !== true) score = add(score, await testEverything(surroundings));
  console.log(summaryOf(score));
  process.exitCode = score.failures.length === 0 ? 0 : 1;
}

async function check(surroundings: Surroundings): Promise<Score> {
  const tools: [string, string, ...string[]][] = [
    ['format', 'biome', 'format', '.'],
    ['lint', 'oxlint', '--type-aware'],
    ['types', 'tsc', '-p', '.'],
    ['generated files', 'node', 'scripts/generate.ts', '--check'],
  ];
  if (existsSync(join(root, 'src/edge.ts')))
    tools.push(['types at the edge', 'tsc', '-p', 'tsconfig.edge.json']);
  let score = NOTHING;
  for (const [name, ...command] of tools) {
    score = add(score, await step(name, surroundings.signal, () => runTool(surroundings, ...command)));
  }
  return score;
}

async function testEverything(surroundings: Surroundings): Promise<Score> {
  const tools = await step('test tools', surroundings.signal, () => ensureTools(surroundings));
  const alone = await runTests(surroundings, ['fast', 'slow', 'edge']);
  return [tools, alone, await testOnEngine(surroundings)].reduce(add, NOTHING);
}

/** Everything that needs a container engine. Without one, none of it can pass. */
async function testOnEngine(surroundings: Surroundings): Promise<Score> {
  const { signal } = surroundings;
  await using scope = new AsyncDisposableStack();
  const engine: { started?: TestEngine } = {};
  let score = await step('Docker engine', signal, async () => {
    engine.started = scope.use(await startEngine(surroundings));
  });
  const { started } = engine;
  if (started === undefined) return score;
  score = add(score, await step('base image', signal, () => buildBaseImage(started, surroundings)));
  // In turn: what one of them measures must not be another's doing.
  for (const project of ['docker', 'docker-patient', 'browser'])
    score = add(score, await runTests(surroundings, [project]));
  return score;
}

await main();

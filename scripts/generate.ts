import { readFile, writeFile } from 'node:fs/promises';
import { readVersion } from '../src/compose/version.ts';
import { generateViews } from './build-views.ts';
import { openapiDocument, openapiModule, openapiYaml } from './openapi.ts';

/** Every generated file of the repository, by its path. */
async function generated(): Promise<Map<string, string>> {
  const document = await openapiDocument(await readVersion());
  return new Map([
    ['docs/openapi.yaml', openapiYaml(document)],
    ['src/routes/v1/openapi.gen.ts', openapiModule(document)],
    ...[...(await generateViews())].map(([name, content]) => [`src/views/${name}`, content] as const),
  ]);
}

const isCheck = process.argv.includes('--check');
const root = new URL('../', import.meta.url);
const stale: string[] = [];
for (const [path, content] of await generated()) {
  const current = await readFile(new URL(path, root), 'utf8').catch(() => undefined);
  if (current === content) continue;
  stale.push(path);
  if (!isCheck) await writeFile(new URL(path, root), content);
}
if (isCheck && stale.length > 0) {
  console.error(`Out of date: ${stale.join(', ')}. Run "npm run generate" and commit the result.`);
  process.exitCode = 1;
}

import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

/**
 * Bundles the API for Cloudflare Workers into one module. The neutral platform knows no Node: whatever imports one of
 * its modules, however far down, fails the build and is named.
 *
 *   node scripts/build-edge.ts     writes dist/edge.js and prints its size
 */
const ROOT = new URL('../', import.meta.url);
const OUTPUT = fileURLToPath(new URL('dist/edge.js', ROOT));

/**
 * Bundles into `outfile`, by default where wrangler.toml looks for it. Identifiers keep their names, for stack traces.
 * @throws when anything in the bundle imports a Node module
 */
export async function buildEdge(outfile: string = OUTPUT): Promise<{ bytes: number; gzipped: number }> {
  const manifest = await readFile(new URL('package.json', ROOT), 'utf8');
  const { version } = JSON.parse(manifest) as { version: string };
  await build({
    entryPoints: ['src/edge.ts'],
    absWorkingDir: fileURLToPath(ROOT),
    outfile,
    bundle: true,
    minifySyntax: true,
    minifyWhitespace: true,
    format: 'esm',
    target: 'es2024',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    conditions: ['workerd', 'worker', 'browser', 'import'],
    // It is there for runtimed; what documents the routes could use it as well, and would bring along the whole of it.
    external: ['zod', 'zod/*'],
    define: { SANDBOXD_VERSION: JSON.stringify(version) },
    legalComments: 'none',
    logLevel: 'silent',
  });
  const code = await readFile(outfile);
  return { bytes: code.byteLength, gzipped: gzipSync(code).byteLength };
}

const kib = (bytes: number): string => `${Math.round(bytes / 1024)} KiB`;

if (import.meta.main) {
  const { bytes, gzipped } = await buildEdge();
  console.log(`dist/edge.js: ${kib(bytes)}, ${kib(gzipped)} gzipped`);
}

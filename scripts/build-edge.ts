import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build, type Plugin } from 'esbuild';

/**
 * Bundles the API for Cloudflare Workers into one module, and refuses what a Worker does not have.
 *
 *   node scripts/build-edge.ts     writes dist/edge.js and prints its size
 */
const ROOT = new URL('../', import.meta.url);
const OUTPUT = fileURLToPath(new URL('dist/edge.js', ROOT));

/** Names the importer: a Node module far down in a dependency is otherwise hard to find. */
const refuseNodeModules: Plugin = {
  name: 'refuse-node-modules',
  setup(bundle) {
    bundle.onResolve({ filter: /^node:/ }, ({ path, importer }) => ({
      errors: [{ text: `A Worker has no "${path}", which ${importer} imports.` }],
    }));
  },
};

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
    define: { SANDBOXD_VERSION: JSON.stringify(version) },
    plugins: [refuseNodeModules],
    legalComments: 'none',
    logLevel: 'silent',
  });
  const code = await readFile(outfile);
  return { bytes: code.byteLength, gzipped: gzipSync(code).byteLength };
}

if (import.meta.main) {
  const { bytes, gzipped } = await buildEdge();
  const kib = (size: number) => `${(size / 1024).toFixed(0)} KiB`;
  console.log(`dist/edge.js: ${kib(bytes)}, ${kib(gzipped)} gzipped`);
}

import { basename, dirname } from 'node:path';
import { buildSync } from 'esbuild';

/** A module of the bundle, which finds the others beside itself. */
export interface BundledModule {
  readonly name: string;
  readonly contents: Uint8Array;
}

/**
 * `runtimed` as ECMAScript modules without dependencies: `runtimed.mjs` to begin with, and beside it whatever that loads
 * later, which no boot has to read. The same sources always give the same bytes.
 */
export function bundleRuntimed(entry: string): BundledModule[] {
  // The asynchronous way would leave the bundler running beside a server for ever.
  const { outputFiles } = buildSync({
    entryPoints: [entry],
    bundle: true,
    splitting: true,
    write: false,
    outdir: dirname(entry),
    entryNames: 'runtimed',
    chunkNames: '[name]-[hash]',
    outExtension: { '.js': '.mjs' },
    platform: 'node',
    target: 'node24',
    format: 'esm',
    // CommonJS dependencies ask for Node's own modules with `require`.
    banner: {
      js: "import { createRequire as sandboxdRequire } from 'node:module'; const require = sandboxdRequire(import.meta.url);",
    },
    legalComments: 'none',
    logLevel: 'silent',
  });
  return outputFiles.map(({ path, contents }) => ({ name: basename(path), contents }));
}

import { buildSync } from 'esbuild';

/** `runtimed` as one ECMAScript module without dependencies. The same sources always give the same bytes. */
export function bundleRuntimed(entry: string): Uint8Array {
  // The asynchronous way would leave the bundler running beside a server for ever.
  const { outputFiles } = buildSync({
    entryPoints: [entry],
    bundle: true,
    write: false,
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
  const [bundle] = outputFiles;
  if (bundle === undefined) throw new Error('The bundler gave no output.');
  return bundle.contents;
}

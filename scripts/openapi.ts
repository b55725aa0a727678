import { generateSpecs } from 'hono-openapi';
import { Hono } from 'hono';
import { stringify } from 'yaml';
import type { Env } from '../src/routes/context.ts';
import { health } from '../src/routes/health.ts';
import { metrics } from '../src/routes/metrics.ts';
import { v1 } from '../src/routes/v1/index.ts';

/** The OpenAPI document of the public API, from its route definitions alone. */
export async function openapiDocument(version: string) {
  const routes = new Hono<Env>().route('/', health).route('/', metrics).route('/v1', v1);
  const document = await generateSpecs(routes, {
    excludeStaticFile: false,
    documentation: {
      info: {
        title: 'sandboxd',
        version,
        description: 'Durable apps above disposable sandboxes: create, edit, preview, sleep and wake.',
        license: { name: 'MIT', identifier: 'MIT' },
      },
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
      security: [{ bearer: [] }],
    },
  });
  return JSON.parse(JSON.stringify(document)) as typeof document;
}

export const openapiYaml = (document: unknown): string =>
  `# Generated from the route definitions: npm run generate\n${stringify(document, { lineWidth: 0, aliasDuplicateObjects: false })}`;

export const openapiModule = (document: unknown): string =>
  `// Generated from the route definitions: npm run generate\nexport const openapi = ${JSON.stringify(document, null, 2)} as const;\n`;

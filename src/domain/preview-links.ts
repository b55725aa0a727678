import { requireSandbox } from './require.ts';
import * as v from 'valibot';
import { invalid } from './errors.ts';
import type { Ports } from './ports.ts';
import { viewSandbox } from './sandbox-view.ts';
import { importPreviewKey, PREVIEW_TOKEN_MAX_MS, previewLink } from './preview-token.ts';

const MAX_SECONDS = PREVIEW_TOKEN_MAX_MS / 1000;
const DEFAULT_SECONDS = 3600;

export const NewPreviewLink = v.object({
  port: v.optional(v.number('must be a number')),
  ttl_s: v.optional(
    v.pipe(
      v.number('must be a number'),
      v.integer('must be a whole number'),
      v.minValue(1, `must be from 1 to ${MAX_SECONDS}`),
      v.maxValue(MAX_SECONDS, `must be from 1 to ${MAX_SECONDS}`),
    ),
    DEFAULT_SECONDS,
  ),
});

/**
 * A link that opens one port of a private preview for whoever holds it.
 * @throws not_found, invalid_request for a port that is not served
 */
export async function createPreviewLink(
  ports: Ports,
  owner: string,
  id: string,
  { port, ttl_s }: v.InferOutput<typeof NewPreviewLink>,
): Promise<{ url: string; expiresAt: number }> {
  const sandbox = await requireSandbox(ports, owner, id);
  const { seen } = await viewSandbox(ports, sandbox);
  // What the app itself chose is routed to beside what was declared, and is what its preview URL shows.
  const served = new Set(seen?.webPort === undefined ? sandbox.ports : [seen.webPort, ...sandbox.ports]);
  const [first] = served;
  const chosen = port ?? first;
  if (chosen === undefined || !served.has(chosen)) {
    throw invalid(`port: the sandbox serves ${[...served].join(', ')}.`);
  }
  const expiresAt = ports.clock() + ttl_s * 1000;
  const key = await importPreviewKey(ports.instance.previewKey);
  const target = { sandboxId: sandbox.id, port: chosen };
  return { url: await previewLink(key, ports.instance.addressing, target, expiresAt), expiresAt };
}

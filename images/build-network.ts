import { readFile } from 'node:fs/promises';
import { SandboxdError } from '../src/domain/errors.ts';
import type { ContextFile } from './context.ts';

/** How a build reaches package sources from this machine. */
export interface BuildNetwork {
  /** A bundle of trusted certificates, where something between here and the registry signs with its own. */
  readonly caFile: string | undefined;
  readonly npmRegistry: string | undefined;
  readonly outboundProxy: { readonly http?: string; readonly https?: string; readonly none?: string };
}

/** Build arguments: the proxy ones are of the engine's predefined kind, which no image keeps. */
export function buildArgs({ npmRegistry, outboundProxy }: BuildNetwork): Record<string, string> {
  const args: Record<string, string> = {};
  const proxies = {
    http_proxy: outboundProxy.http,
    https_proxy: outboundProxy.https,
    no_proxy: outboundProxy.none,
  };
  for (const [name, value] of Object.entries(proxies)) {
    // Programs disagree on the case.
    if (value !== undefined) Object.assign(args, { [name]: value, [name.toUpperCase()]: value });
  }
  if (npmRegistry !== undefined) args['NPM_REGISTRY'] = npmRegistry;
  return args;
}

/** The certificates a build trusts, as a file of its context; empty where it trusts its own. @throws unavailable */
export async function trustBundle({ caFile }: BuildNetwork): Promise<ContextFile> {
  const source = caFile === undefined ? new Uint8Array() : await readFile(caFile).catch(unreadable);
  return { name: 'ca/bundle.crt', executable: false, source };
}

function unreadable(cause: unknown): never {
  throw new SandboxdError(
    'unavailable',
    'The bundle of certificates cannot be read. Set SANDBOXD_CA_FILE to a readable file, or unset it.',
    { cause },
  );
}

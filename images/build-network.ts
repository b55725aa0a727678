import { readFile } from 'node:fs/promises';
import { SandboxdError } from '../src/domain/errors.ts';
import { type Outbound, outboundEnvironment, proxyVariables } from '../src/domain/outbound.ts';
import { aptConfiguration, packageSources } from './apt.ts';
import type { ContextFile } from './context.ts';

/** Where a build's later steps find what `networkFiles` makes. */
const NETWORK_DIRECTORY = '/run/network';
/** Where the steps that install Debian's packages find their part of it. */
const APT_DIRECTORY = '/run/apt';

/** Build arguments: all of the engine's predefined kind, which no image and no history keeps. */
export const buildArgs = ({ outboundProxy }: Outbound): Record<string, string> =>
  proxyVariables(outboundProxy);

/**
 * How a build reaches package sources from this machine, as files of its context: unlike arguments, they leave no trace
 * in an image once they are removed. `network/environment` is for a shell to read, `apt/` for apt; empty where
 * everything is reached directly.
 * @throws unavailable when the certificates cannot be read
 */
export async function networkFiles(outbound: Outbound): Promise<ContextFile[]> {
  const { caFile, debianMirror } = outbound;
  const certificates = caFile === undefined ? '' : await readFile(caFile).catch(unreadable);
  const isTrustedByApt = debianMirror?.startsWith('https:') === true && caFile !== undefined;
  return [
    file('network/ca.crt', certificates),
    file('network/environment', assignments(outboundEnvironment(outbound, `${NETWORK_DIRECTORY}/ca.crt`))),
    file('network/apt/ca.crt', isTrustedByApt ? certificates : ''),
    file('network/apt/sources.list', debianMirror === undefined ? '' : packageSources(debianMirror)),
    file(
      'network/apt/apt.conf',
      debianMirror === undefined ? '' : aptConfiguration(APT_DIRECTORY, isTrustedByApt),
    ),
  ];
}

const file = (name: string, content: string | Uint8Array): ContextFile => ({
  name,
  executable: false,
  source: Buffer.from(content),
});

/** Lines that a shell reads. */
const assignments = (variables: Readonly<Record<string, string>>): string =>
  Object.entries(variables)
    .map(([name, value]) => `${name}='${value.replaceAll("'", `'\\''`)}'\n`)
    .join('');

function unreadable(cause: unknown): never {
  throw new SandboxdError(
    'unavailable',
    'The bundle of certificates cannot be read. Set SANDBOXD_CA_FILE to a readable file, or unset it.',
    { cause },
  );
}

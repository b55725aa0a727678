import { ConfigError, type Reader, webAddress } from './config-reader.ts';
import { PROVIDER_IDS, type ProviderId } from './domain/provider.ts';
import type { ModelChoice, ProviderSettings } from './domain/provider-settings.ts';

/** The variable that names the address of each provider. */
const URL_VARIABLES: Readonly<Record<ProviderId, string>> = {
  anthropic: 'SANDBOXD_ANTHROPIC_URL',
  openai: 'SANDBOXD_OPENAI_URL',
  opencode: 'SANDBOXD_OPENCODE_URL',
  'openai-compatible': 'SANDBOXD_OPENAI_COMPATIBLE_URL',
};
const NO_CREDENTIALS = 'Keys of providers are set apart from their addresses.';

/** Who serves the models, as a process's environment or the bindings of a Worker say it. @throws ConfigError */
export function readProviders(read: Reader): ProviderSettings {
  const addresses = PROVIDER_IDS.map((id): [ProviderId, string | undefined] => [
    id,
    baseUrl(read, URL_VARIABLES[id]),
  ]);
  return {
    baseUrls: Object.fromEntries(addresses.filter(([, url]) => url !== undefined)),
    compatibleKey: readKey(read),
    defaultModel: readModel(read),
  };
}

/** Seconds after which a provider that says nothing is given up. @throws ConfigError */
export const readProviderSilence = (read: Reader): number =>
  read.integer('SANDBOXD_PROVIDER_SILENCE_SECONDS', 300, 1, 3600);

function baseUrl(read: Reader, name: string): string | undefined {
  const given = read.text(name);
  if (given === undefined) return undefined;
  const url = new URL(webAddress(name, given, NO_CREDENTIALS));
  // A bare host is one without its `/v1`: no provider serves its API at the root.
  if (url.search !== '' || url.hash !== '' || url.pathname === '/') {
    throw new ConfigError(
      `${name}: is not where an API begins. Give its address with the version, like https://models.example.com/v1.`,
    );
  }
  return url.href.replace(/\/$/, '');
}

/** A key goes into a header: what cannot stand there would fail every request. */
function readKey(read: Reader): string | undefined {
  const name = 'SANDBOXD_OPENAI_COMPATIBLE_KEY';
  const key = read.text(name);
  if (key === undefined || /^[\x21-\x7e]{1,4096}$/.test(key)) return key;
  throw new ConfigError(`${name}: is no key. Give printable ASCII characters without spaces.`);
}

function readModel(read: Reader): ModelChoice | undefined {
  const name = 'SANDBOXD_MODEL';
  const given = read.text(name);
  if (given === undefined) return undefined;
  const slash = given.indexOf('/');
  const provider = PROVIDER_IDS.find((id) => id === given.slice(0, Math.max(slash, 0)));
  const model = given.slice(slash + 1);
  if (provider !== undefined && /^[\x21-\x7e]{1,200}$/.test(model)) return { provider, model };
  throw new ConfigError(
    `${name}: "${given}" is no model. Give provider/model, with a provider of ${PROVIDER_IDS.join(', ')}.`,
  );
}

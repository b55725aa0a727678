import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { ConfigError, type Environment, type Reader, webAddress } from './config-reader.ts';
import { type Outbound, type OutboundProxy, proxyExceptions } from './domain/outbound.ts';

/** Where the host keeps its own trust store: the default, so that what the host trusts its sandboxes trust. */
const HOST_CA_FILE = '/etc/ssl/certs/ca-certificates.crt';
const NO_CREDENTIALS =
  'Every sandbox would see them: give a mirror that admits this machine as it is, or a proxy that adds the credentials itself.';

/**
 * What the way out goes through: certificates, proxies, mirrors.
 * @throws ConfigError also for credentials in an address: it shows in the engine's inspection, and to every app
 */
export function readOutbound(read: Reader, env: Environment): Outbound {
  const mirror = (name: string): string | undefined => {
    const given = read.text(name);
    return given === undefined ? undefined : webAddress(name, given, NO_CREDENTIALS);
  };
  return {
    caFile: readCaFile(read),
    outboundProxy: readProxy(env),
    npmRegistry: mirror('SANDBOXD_NPM_REGISTRY'),
    pypiIndex: mirror('SANDBOXD_PYPI_INDEX'),
    debianMirror: mirror('SANDBOXD_DEBIAN_MIRROR'),
  };
}

function readCaFile(read: Reader): string | undefined {
  const given = read.text('SANDBOXD_CA_FILE');
  if (given === undefined) return existsSync(HOST_CA_FILE) ? HOST_CA_FILE : undefined;
  const remedy = 'Give a bundle of certificates in PEM format.';
  if (!existsSync(given)) {
    throw new ConfigError(`SANDBOXD_CA_FILE: there is no file "${given}". ${remedy}`);
  }
  const content = readCertificates(given);
  if (!content.includes('-----BEGIN CERTIFICATE-----')) {
    throw new ConfigError(`SANDBOXD_CA_FILE: "${given}" holds no certificate. ${remedy}`);
  }
  if (content.includes('PRIVATE KEY-----')) {
    throw new ConfigError(
      `SANDBOXD_CA_FILE: "${given}" holds a private key, and every sandbox could read it. Give a file of certificates alone.`,
    );
  }
  return resolve(given);
}

function readCertificates(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new ConfigError(
      `SANDBOXD_CA_FILE: "${path}" cannot be read. Give a file that this user can read.`,
      {
        cause,
      },
    );
  }
}

/** Of the common variables, as curl does it: the lower case first. */
function readProxy(env: Environment): OutboundProxy {
  const pick = (upper: string) => {
    const name = env[upper.toLowerCase()] ? upper.toLowerCase() : upper;
    const text = env[name]?.trim();
    return text ? { name, text } : undefined;
  };
  const address = (upper: string) => {
    const given = pick(upper);
    // Many are written without a scheme, which not every program understands.
    return (
      given &&
      webAddress(given.name, given.text.includes('://') ? given.text : `http://${given.text}`, NO_CREDENTIALS)
    );
  };
  const [http, https] = [address('HTTP_PROXY'), address('HTTPS_PROXY')];
  if (http === undefined && https === undefined) return {};
  return { ...(http && { http }), ...(https && { https }), none: proxyExceptions(pick('NO_PROXY')?.text) };
}

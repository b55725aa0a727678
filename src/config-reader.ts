import { DEFAULT_OWNER, isOwnerName } from './domain/identity.ts';

/** Variables by name, wherever they come from: a process's environment, or the bindings of a Worker. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A configuration value that cannot be used; the message names the variable and the remedy. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

export type Reader = ReturnType<typeof readerOf>;

/** Reads typed values, each refused with the name of its variable. Empty counts as unset. */
export function readerOf(env: Environment) {
  const known = new Set<string>();
  const text = (name: string): string | undefined => {
    known.add(name);
    return env[name]?.trim() || undefined;
  };
  const number = (name: string, fallback: number, min: number, max: number): number => {
    const given = text(name);
    const value = given === undefined ? fallback : Number(given);
    if (Number.isFinite(value) && value >= min && value <= max) return value;
    throw new ConfigError(`${name}: "${given}" is not a number from ${min} to ${max}.`);
  };
  const integer = (name: string, fallback: number, min: number, max: number): number => {
    const value = number(name, fallback, min, max);
    if (Number.isInteger(value)) return value;
    throw new ConfigError(`${name}: "${value}" is not a whole number.`);
  };
  const choice = <T extends string>(name: string, choices: readonly T[], fallback: T): T => {
    const given = text(name)?.toLowerCase();
    const found = given === undefined ? fallback : choices.find((one) => one === given);
    if (found !== undefined) return found;
    throw new ConfigError(`${name}: "${given}" is none of ${choices.join(', ')}.`);
  };
  return {
    text,
    number,
    integer,
    choice,
    optionalInteger: (name: string, min: number, max: number) =>
      text(name) === undefined ? undefined : integer(name, min, min, max),
    boolean: (name: string, fallback: boolean): boolean =>
      choice(name, ['true', 'false'], fallback ? 'true' : 'false') === 'true',
    domain: (name: string, fallback: string): string => {
      const value = (text(name) ?? fallback).toLowerCase();
      if (/^(?=.{1,200}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/.test(value))
        return value;
      throw new ConfigError(
        `${name}: "${value}" is not a domain name. Give something like apps.example.com.`,
      );
    },
    /** 32 random bytes, in base64. */
    key: (name: string): string | undefined => {
      const value = text(name);
      if (value === undefined || /^[A-Za-z0-9+/]{43}=$/.test(value)) return value;
      throw new ConfigError(`${name} is not 32 bytes in base64. Make one with "openssl rand -base64 32".`);
    },
    /** Any number of those, with commas between. */
    keys: (name: string): string[] => {
      const values = (text(name) ?? '').split(',').map((value) => value.trim());
      const given = values.filter((value) => value !== '');
      if (given.every((value) => /^[A-Za-z0-9+/]{43}=$/.test(value))) return given;
      throw new ConfigError(`${name} is not a list of keys of 32 bytes in base64, with commas between.`);
    },
    bytes: (name: string, fallback: string): number => parseBytes(name, text(name) ?? fallback),
    /** Call last: the `SANDBOXD_*` names that nobody has asked for. */
    unknown: (): string[] =>
      Object.keys(env).filter((name) => name.startsWith('SANDBOXD_') && !known.has(name)),
  };
}

/**
 * An http(s) address without credentials. Never repeats it: a password may be in it.
 * @param remedy what to do instead of giving credentials
 * @throws ConfigError
 */
export function webAddress(name: string, text: string, remedy: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || /\s/.test(text)) {
    throw new ConfigError(
      `${name}: is no address. Give something like http://host:port or https://host/path.`,
    );
  }
  if (url.username !== '' || url.password !== '') {
    throw new ConfigError(`${name}: holds a user name or password. Give an address without. ${remedy}`);
  }
  return text;
}

function parseBytes(name: string, text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?$/i.exec(text);
  const unit =
    { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 }[match?.[2]?.toLowerCase() ?? ''] ?? 1;
  const value = Math.floor(Number(match?.[1]) * unit);
  if (value >= 64 * 2 ** 20) return value;
  throw new ConfigError(`${name}: "${text}" is not a size of at least 64m. Give something like 2g or 512m.`);
}

/** Tokens from the configuration: `name:secret,…`, the name being their owner. @throws ConfigError */
export function parseTokens(text: string | undefined): { owner: string; secret: string }[] {
  return (text ?? '')
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
    .map((entry) => {
      const colon = entry.indexOf(':');
      const owner = colon < 0 ? DEFAULT_OWNER : entry.slice(0, colon);
      const secret = entry.slice(colon + 1);
      if (!isOwnerName(owner) || secret.length < 16) {
        throw new ConfigError(
          'SANDBOXD_API_TOKENS: every entry is name:secret, with a name of letters, digits, "_", "." or "-" and a secret of at least 16 characters.',
        );
      }
      return { owner, secret };
    });
}

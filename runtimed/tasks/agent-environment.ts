import type { AgentCommand } from '../agents/driver.ts';
import type { Environment } from '../processes/environment.ts';

/** Parts of names of variables that hold what lets somebody in. */
const CREDENTIALS = new Set(
  ['KEY', 'PASS', 'AUTH', 'PAT', 'PWD', 'DSN'].flatMap((word) => [word, `${word}S`]),
);
/** The same where it is the end of a part: `PGPASSWORD`. */
const ENDINGS = /(APIKEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL)S?$/;
/** Where a shell is and was. */
const PLACES = new Set(['PWD', 'OLDPWD']);
/** Where the way to the provider begins; a proxy outside does not know it. */
const OWN_ADDRESSES = ['127.0.0.1', 'localhost'];

/** Who and where an agent is, whatever it is given, and where it finds the shell that starts it. */
const FIXED = new Set(['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL']);

/**
 * What an agent starts with: what any program does, without credentials but those it is given, and never through a proxy
 * to itself.
 */
export function agentEnvironment(environment: Environment, given: Environment = {}): Environment {
  const kept = Object.entries(environment).filter(([name]) => !looksLikeCredential(name));
  const wanted = Object.entries(given).filter(([name]) => !FIXED.has(name));
  const { no_proxy: lower, NO_PROXY: upper, ...rest } = Object.fromEntries([...kept, ...wanted]);
  const excepted = [upper, lower, ...OWN_ADDRESSES].flatMap((list = '') => list.split(','));
  const list = [...new Set(excepted.map((host) => host.trim()).filter((host) => host !== ''))].join(',');
  return { ...rest, NO_PROXY: list, no_proxy: list };
}

/** What a person's profile exports is for that person's programs: the way to the provider stays as it is. */
const AFTER_PROFILE = `for name in NO_PROXY no_proxy; do
  case ",\${!name}," in
    *,${OWN_ADDRESSES[0]},*) ;;
    *) export "$name=\${!name:+\${!name},}${OWN_ADDRESSES.join(',')}" ;;
  esac
done
exec -- env -- "$@"`;

/** A command line that finds an agent where a person's shell would, makes way for it, and has the last word. */
export const agentArguments = ({ argv, env }: AgentCommand): readonly [string, ...string[]] => [
  'bash',
  '-lc',
  AFTER_PROFILE,
  'bash',
  ...Object.entries(env).map(([name, value]) => `${name}=${value}`),
  ...argv,
];

/** `NPM_TOKEN`, `PGPASSWORD` and `awsSecretAccessKey` do, `KEYBOARD` does not. */
export const looksLikeCredential = (name: string): boolean =>
  !PLACES.has(name) &&
  name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toUpperCase()
    .split(/[^A-Z0-9]+/)
    .some((part) => CREDENTIALS.has(part) || ENDINGS.test(part));

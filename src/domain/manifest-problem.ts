import { shorten } from './shorten.ts';

/** What is wrong with a `sandbox.yaml`, and where: `web.port`, `workers[0].name`, or "" for the file as a whole. */
export interface ManifestProblem {
  readonly path: string;
  readonly message: string;
}

/** A file can have as many problems as it has characters; nobody reads more than these. */
export const MAX_PROBLEMS = 50;
const MAX_PATH_LENGTH = 200;
const MAX_MESSAGE_LENGTH = 300;
const MAX_KEY_LENGTH = 64;
const PLAIN_KEY = /^[A-Za-z0-9_<-]{1,64}$/;

/** The first problems, each of a length that can be shown: keys and YAML's own messages are the file's to choose. */
export function boundedProblems(problems: readonly ManifestProblem[]): ManifestProblem[] {
  const told = problems.slice(0, MAX_PROBLEMS).map(({ path, message }) => ({
    path: shorten(path, MAX_PATH_LENGTH),
    message: shorten(message.replaceAll(/\p{Cc}/gu, ' '), MAX_MESSAGE_LENGTH),
  }));
  const more = problems.length - told.length;
  return more === 0 ? told : [...told, { path: '', message: `and ${more} more of these` }];
}

/** A path through mappings and lists; a key that would not be legible in it is quoted. */
export function pathText(keys: readonly unknown[]): string {
  let text = '';
  for (const key of keys) {
    if (typeof key === 'number') text += `[${key}]`;
    else text += `${text === '' ? '' : '.'}${keyText(String(key))}`;
  }
  return text;
}

const keyText = (key: string): string =>
  PLAIN_KEY.test(key) ? key : JSON.stringify(shorten(key, MAX_KEY_LENGTH)).replaceAll(UNSEEN, escaped);

/** What JSON leaves as it is and nobody sees, or sees in another order: further controls, format characters, separators. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

const escaped = (character: string): string =>
  Array.from(
    { length: character.length },
    (_, at) => String.raw`\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`,
  ).join('');

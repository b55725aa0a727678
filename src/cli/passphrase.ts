import { readFile } from 'node:fs/promises';
import type { CommandContext } from './command.ts';
import { EXIT, Failure } from './failure.ts';

type Context = Pick<CommandContext, 'terminal' | 'config' | 'signal'>;

/** Shorter ones are guessed. */
const LENGTH = 12;
const VARIABLE = 'SANDBOXD_BACKUP_PASSPHRASE';

/** Where a passphrase comes from, for the help of commands that take one. */
export const PASSPHRASE_HELP = `
  --passphrase-file F  read the passphrase from this file; otherwise it is that of ${VARIABLE},
                       or asked for`;

export const PASSPHRASE_OPTIONS = {
  'no-keys': { type: 'boolean' },
  'passphrase-file': { type: 'string' },
} as const;

/** The passphrase as a command's options say; undefined when the keys are to be left alone. */
export async function passphraseFor(
  options: Readonly<Record<string, string | boolean | undefined>>,
  read: (file: string | undefined) => Promise<string>,
): Promise<string | undefined> {
  if (options['no-keys'] === true) return undefined;
  const file = options['passphrase-file'];
  return read(typeof file === 'string' ? file : undefined);
}

/**
 * The passphrase for a new backup, asked for twice.
 * @param file names the file it is in, when it is in one
 * @throws Failure when there is none, or it is too short
 */
export async function choosePassphrase(context: Context, file: string | undefined): Promise<string> {
  const given = await givenPassphrase(context, file);
  const passphrase = given ?? (await ask(context, 'Passphrase for the keys in the backup:'));
  if (passphrase.length < LENGTH) {
    throw new Failure(`the passphrase is too short: give at least ${LENGTH} characters.`);
  }
  if (given === undefined && (await ask(context, 'The same again:')) !== passphrase) {
    throw new Failure('the two passphrases are not the same. Try again.');
  }
  return passphrase;
}

/** The passphrase of a backup that was made. @throws Failure when there is none */
export async function tellPassphrase(context: Context, file: string | undefined): Promise<string> {
  return (await givenPassphrase(context, file)) ?? (await ask(context, 'Passphrase of the backup:'));
}

async function givenPassphrase({ config }: Context, file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return config.backupPassphrase;
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new Failure(`the passphrase cannot be read from ${file} (${code}).`, EXIT.failed, { cause });
  }
}

async function ask({ terminal, signal }: Context, question: string): Promise<string> {
  if (terminal.interactive) return (await terminal.askSecret(question, signal)).trim();
  throw new Failure(
    `there is no passphrase for the keys, and nobody to ask. Set ${VARIABLE}, give --passphrase-file, or leave the keys out (--no-keys).`,
  );
}

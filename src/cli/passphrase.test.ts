import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../config.ts';
import { choosePassphrase, passphraseFor, tellPassphrase } from './passphrase.ts';
import type { Terminal } from './terminal.ts';

const GOOD = 'a-fake-passphrase';

const never = () => Promise.reject(new Error('It was asked for.'));

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sandboxd-passphrase-'));
});
afterEach(() => rm(directory, { recursive: true }));

/** Somebody who answers, or nobody. */
function context(answers: string[] | 'nobody', env: NodeJS.ProcessEnv = {}) {
  const terminal: Terminal = {
    interactive: answers !== 'nobody',
    print() {},
    note() {},
    progress: () => ({ update() {}, done() {}, [Symbol.dispose]() {} }),
    confirm: async () => false,
    askSecret: async () => (answers === 'nobody' ? '' : (answers.shift() ?? '')),
  };
  return { terminal, config: loadConfig(env), signal: new AbortController().signal };
}

describe('A passphrase', () => {
  it('is that of the environment, or of a file, which wins', async () => {
    const file = join(directory, 'passphrase');
    await writeFile(file, `${GOOD}-of-the-file\n`);
    const somebody = context('nobody', { SANDBOXD_BACKUP_PASSPHRASE: GOOD });
    expect(await choosePassphrase(somebody, undefined)).toBe(GOOD);
    expect(await choosePassphrase(somebody, file)).toBe(`${GOOD}-of-the-file`);
    expect(await tellPassphrase(somebody, file)).toBe(`${GOOD}-of-the-file`);
  });

  it('is asked for twice when it is chosen, and once when it is told', async () => {
    expect(await choosePassphrase(context([GOOD, GOOD]), undefined)).toBe(GOOD);
    await expect(choosePassphrase(context([GOOD, 'another']), undefined)).rejects.toThrow('not the same');
    expect(await tellPassphrase(context([GOOD]), undefined)).toBe(GOOD);
  });

  it('is refused when it is short, without being repeated', async () => {
    const refusal = choosePassphrase(context(['fake-short1']), undefined);
    await expect(refusal).rejects.toThrow('at least 12 characters');
    await expect(refusal).rejects.not.toThrow('fake-short1');
  });

  it('that nobody gives is asked for nowhere', async () => {
    await expect(choosePassphrase(context('nobody'), undefined)).rejects.toThrow('--no-keys');
    await expect(choosePassphrase(context('nobody'), join(directory, 'none'))).rejects.toThrow('ENOENT');
  });

  it('is not wanted when the keys are left alone', async () => {
    expect(await passphraseFor({ 'no-keys': true }, never)).toBeUndefined();
  });
});

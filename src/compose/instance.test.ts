import { mkdtempDisposable, readFile, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { secretBox } from '../adapters/crypto/secret-box.ts';
import { loadSecretsKey } from './instance.ts';

describe('The key of secrets', () => {
  let directory: Awaited<ReturnType<typeof mkdtempDisposable>>;
  beforeEach(async () => {
    directory = await mkdtempDisposable(join(tmpdir(), 'instance-'));
  });
  afterEach(() => directory.remove());
  const file = () => join(directory.path, 'keys', 'secrets');

  it('is made once, however many start at the same moment, and for its owner alone', async () => {
    const keys = await Promise.all(
      Array.from({ length: 5 }, () => loadSecretsKey(directory.path, undefined)),
    );
    expect(new Set([...keys, await readFile(file(), 'utf8')]).size).toBe(1);
    expect((await stat(file())).mode & 0o777).toBe(0o600);
    expect(() => secretBox(keys[0] ?? '')).not.toThrow();
  });

  it("is the operator's where there is one, and none is made then", async () => {
    expect(await loadSecretsKey(directory.path, 'fake-key')).toBe('fake-key');
    await expect(stat(file())).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

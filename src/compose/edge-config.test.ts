import { describe, expect, it } from 'vitest';
import { hashSecret } from '../domain/auth.ts';
import { loadEdgeConfig } from './edge-config.ts';

const KEY = Buffer.alloc(32, 1).toString('base64');
const SECRETS_KEY = Buffer.alloc(32, 2).toString('base64');
const ENOUGH = {
  SANDBOXD_DOMAIN: 'Apps.Example.com',
  SANDBOXD_DATABASE_URL: 'libsql://db.example.com',
  SANDBOXD_PREVIEW_KEY: KEY,
  SANDBOXD_SECRETS_KEY: SECRETS_KEY,
};

describe('The configuration of a Worker', () => {
  it('is public, and so behind TLS and authentication unless told otherwise', async () => {
    const { database, instance, secretsKey, unknownNames } = await loadEdgeConfig(ENOUGH, '1.2.3');
    expect(database).toEqual({ url: 'libsql://db.example.com' });
    expect(instance).toEqual({
      version: '1.2.3',
      addressing: { domain: 'apps.example.com', publicPort: 443, tls: true },
      auth: 'on',
      configuredTokens: new Map(),
      lifecycle: { idleReapEnabled: true, idleThresholdSeconds: 2100, keepaliveMaxSeconds: 86_400 },
      operators: new Set(['default']),
      eventRetentionDays: 0,
      baseImage: 'built by each node',
      storageMode: expect.any(Function),
      providers: { baseUrls: {}, compatibleKey: undefined, defaultModel: undefined },
      retention: {},
      previewKey: KEY,
    });
    expect(secretsKey).toBe(SECRETS_KEY);
    expect(unknownNames).toEqual([]);
  });

  it('keeps authentication on whatever is asked', async () => {
    const { instance, unknownNames } = await loadEdgeConfig({ ...ENOUGH, SANDBOXD_AUTH: 'off' }, '1');
    expect(instance.auth).toBe('on');
    expect(unknownNames).toEqual(['SANDBOXD_AUTH']);
  });

  it('shows the plain port when previews are not behind TLS', async () => {
    const { instance } = await loadEdgeConfig({ ...ENOUGH, SANDBOXD_PREVIEW_TLS: 'false' }, '1');
    expect(instance.addressing).toMatchObject({ publicPort: 80, tls: false });
  });

  it('knows its tokens by their hash alone', async () => {
    const tokens = { SANDBOXD_API_TOKENS: 'acme:a-fake-token-of-tests' };
    const { instance } = await loadEdgeConfig({ ...ENOUGH, ...tokens }, '1');
    expect([...instance.configuredTokens]).toEqual([[await hashSecret('a-fake-token-of-tests'), 'acme']]);
  });

  it('knows where models are served, as every other entry does', async () => {
    const { instance, unknownNames } = await loadEdgeConfig(
      { ...ENOUGH, SANDBOXD_OPENAI_URL: 'https://models.example.com/v1', SANDBOXD_MODEL: 'openai/fake-1' },
      '1',
    );
    expect(instance.providers.baseUrls).toEqual({ openai: 'https://models.example.com/v1' });
    expect(instance.providers.defaultModel).toEqual({ provider: 'openai', model: 'fake-1' });
    expect(unknownNames).toEqual([]);
  });

  it('knows how many snapshots are kept, as every other entry does', async () => {
    const limits = { SANDBOXD_SNAPSHOT_KEEP: '5', SANDBOXD_SNAPSHOT_MAX_SIZE: '10g' };
    const { instance, unknownNames } = await loadEdgeConfig({ ...ENOUGH, ...limits }, '1');
    expect(instance.retention).toEqual({ keepLast: 5, maxBytes: 10 * 2 ** 30 });
    expect(unknownNames).toEqual([]);
  });

  it.each([
    ['SANDBOXD_MODEL', 'fake-1'],
    ['SANDBOXD_DOMAIN', undefined],
    ['SANDBOXD_DOMAIN', 'not a domain'],
    ['SANDBOXD_DATABASE_URL', undefined],
    ['SANDBOXD_PREVIEW_KEY', undefined],
    ['SANDBOXD_PREVIEW_KEY', KEY.slice(4)],
    ['SANDBOXD_SECRETS_KEY', undefined],
    ['SANDBOXD_SECRETS_KEY', Buffer.alloc(31).toString('base64')],
    ['SANDBOXD_API_TOKENS', 'acme:short'],
  ])('is refused when %s is %s, and says which variable it is', async (name, value) => {
    const loading = loadEdgeConfig({ ...ENOUGH, [name]: value }, '1');
    await expect(loading).rejects.toThrow(new RegExp(`^${name}`));
    await expect(loading).rejects.toMatchObject({ name: 'ConfigError' });
  });
});

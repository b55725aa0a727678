import { describe, expect, it } from 'vitest';
import { ConfigError, loadConfig } from './config.ts';

describe('configuration', () => {
  it('has a usable default for everything', () => {
    const config = loadConfig({ HOME: '/root' });
    expect(config.listen).toEqual({ host: '127.0.0.1', port: 8080 });
    expect(config.auth).toBe('on');
    expect(config.limits.memoryBytes).toBe(2 * 2 ** 30);
    expect(config.lifecycle.idleThresholdSeconds).toBe(2100);
    expect(config.unknownNames).toEqual([]);
  });

  it('keeps the database in the data directory unless told otherwise', () => {
    expect(loadConfig({ SANDBOXD_DATA_DIR: '/srv/s' }).database).toEqual({ url: 'file:/srv/s/sandboxd.db' });
    expect(
      loadConfig({ SANDBOXD_DATABASE_URL: 'libsql://db', SANDBOXD_DATABASE_TOKEN: 't' }).database,
    ).toEqual({
      url: 'libsql://db',
      token: 't',
    });
  });

  it('reports names that nobody reads', () => {
    expect(loadConfig({ SANDBOXD_LISTNE: 'x' }).unknownNames).toEqual(['SANDBOXD_LISTNE']);
  });

  it('takes apart tokens, whose secret may contain a colon', () => {
    expect(
      loadConfig({ SANDBOXD_API_TOKENS: 'acme:not-a-real:secret-0, beta:fake-fake-fake-fake' }).apiTokens,
    ).toEqual([
      { owner: 'acme', secret: 'not-a-real:secret-0' },
      { owner: 'beta', secret: 'fake-fake-fake-fake' },
    ]);
  });

  it.each([
    ['SANDBOXD_LISTEN', '8080'],
    ['SANDBOXD_LISTEN', '127.0.0.1:70000'],
    ['SANDBOXD_DOMAIN', 'not a domain'],
    ['SANDBOXD_AUTH', 'maybe'],
    ['SANDBOXD_SECRETS_KEY', 'too-short'],
    ['SANDBOXD_API_TOKENS', 'acme:short'],
    ['SANDBOXD_MEMORY', 'lots'],
    ['SANDBOXD_CPUS', '0'],
    ['SANDBOXD_PREVIEW_TLS', 'yes'],
    ['SANDBOXD_CA_FILE', '/no/such/file.pem'],
    ['SANDBOXD_DATABASE_URL', 'mysql://db'],
    ['SANDBOXD_AGENTS', 'opencode,hal'],
    ['SANDBOXD_AGENTS', 'opencode,none'],
    ['SANDBOXD_AGENTS', ','],
  ])('refuses %s=%s and names the variable', (name, value) => {
    expect(() => loadConfig({ [name]: value })).toThrow(ConfigError);
    expect(() => loadConfig({ [name]: value })).toThrow(name);
  });

  it.each([
    [undefined, ['opencode', 'claude-code', 'codex']],
    ['', ['opencode', 'claude-code', 'codex']],
    ['codex', ['codex']],
    [' codex, opencode,codex ', ['opencode', 'codex']],
    ['none', []],
  ])('has an image built for SANDBOXD_AGENTS=%s', (value, agents) => {
    expect(loadConfig({ SANDBOXD_AGENTS: value }).agents).toEqual(agents);
  });

  it('says which coding agents there are', () => {
    expect(() => loadConfig({ SANDBOXD_AGENTS: 'opencode,hal' })).toThrow(
      'SANDBOXD_AGENTS: "hal" is no coding agent. Give a list of opencode, claude-code, codex with commas between, or none.',
    );
  });

  it('refuses to serve without authentication beyond loopback', () => {
    expect(() => loadConfig({ SANDBOXD_AUTH: 'off', SANDBOXD_LISTEN: '0.0.0.0:8080' })).toThrow('loopback');
    expect(loadConfig({ SANDBOXD_AUTH: 'off' }).auth).toBe('off');
  });
});

import { describe, expect, it } from 'vitest';
import { readProviders, readProviderSilence } from './config-providers.ts';
import { ConfigError, type Environment, readerOf } from './config-reader.ts';

const providersOf = (env: Environment) => readProviders(readerOf(env));

describe('the configuration of providers', () => {
  it('says nothing where nothing is set', () => {
    expect(providersOf({})).toEqual({ baseUrls: {}, compatibleKey: undefined, defaultModel: undefined });
    expect(readProviderSilence(readerOf({}))).toBe(300);
  });

  it('names each address, with or without a slash at its end', () => {
    const { baseUrls } = providersOf({
      SANDBOXD_ANTHROPIC_URL: 'https://a.test/v1',
      SANDBOXD_OPENAI_URL: 'https://o.test/v1/',
      SANDBOXD_OPENCODE_URL: 'https://z.test/zen/v1',
      SANDBOXD_OPENAI_COMPATIBLE_URL: 'http://127.0.0.1:11434/v1beta/openai/',
    });
    expect(baseUrls).toEqual({
      anthropic: 'https://a.test/v1',
      openai: 'https://o.test/v1',
      opencode: 'https://z.test/zen/v1',
      'openai-compatible': 'http://127.0.0.1:11434/v1beta/openai',
    });
  });

  it('takes everything after the first slash for the name of the model', () => {
    const { defaultModel } = providersOf({ SANDBOXD_MODEL: 'openai-compatible/maker/model-7:free' });
    expect(defaultModel).toEqual({ provider: 'openai-compatible', model: 'maker/model-7:free' });
  });

  it.each([
    ['SANDBOXD_ANTHROPIC_URL', 'models.test/v1'],
    ['SANDBOXD_OPENAI_URL', 'ftp://models.test/v1'],
    ['SANDBOXD_OPENAI_URL', 'https://models.test'],
    ['SANDBOXD_OPENCODE_URL', 'https://models.test/v1?key=1'],
    ['SANDBOXD_OPENAI_COMPATIBLE_KEY', 'two words'],
    ['SANDBOXD_MODEL', 'claude-sonnet-4-5'],
    ['SANDBOXD_MODEL', 'nobody/model'],
    ['SANDBOXD_MODEL', 'openai/'],
  ])('refuses %s=%s and names the variable', (name, value) => {
    expect(() => providersOf({ [name]: value })).toThrow(ConfigError);
    expect(() => providersOf({ [name]: value })).toThrow(name);
  });

  it('refuses an address with a password, and does not repeat it', () => {
    const env = { SANDBOXD_OPENAI_URL: 'https://me:fake-pass@models.test/v1' };
    expect(() => providersOf(env)).toThrow('SANDBOXD_OPENAI_URL: holds a user name or password');
    expect(() => providersOf(env)).not.toThrow('fake-pass');
  });

  it('does not repeat a key that cannot be one', () => {
    expect(() => providersOf({ SANDBOXD_OPENAI_COMPATIBLE_KEY: 'test key not real' })).not.toThrow(
      'test key not real',
    );
  });

  it.each(['0', '3601', '1.5', 'soon'])('refuses a silence of %s seconds', (value) => {
    expect(() => readProviderSilence(readerOf({ SANDBOXD_PROVIDER_SILENCE_SECONDS: value }))).toThrow(
      'SANDBOXD_PROVIDER_SILENCE_SECONDS',
    );
  });
});

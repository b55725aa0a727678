import { describe, expect, it } from 'vitest';
import { type ProviderSettings, upstreamOf } from './provider-settings.ts';

const NOTHING_SET: ProviderSettings = { baseUrls: {}, compatibleKey: undefined, defaultModel: undefined };
const COMPATIBLE: ProviderSettings = {
  ...NOTHING_SET,
  baseUrls: { 'openai-compatible': 'http://models.test/v1' },
  compatibleKey: 'test-key-of-the-operator',
};

describe('the way to a provider', () => {
  it('is its own address and its own header unless the operator says otherwise', () => {
    expect(upstreamOf(NOTHING_SET, 'anthropic', 'test-key-not-real')).toEqual({
      provider: 'anthropic',
      baseUrl: 'https://api.anthropic.com/v1',
      keyHeader: 'x-api-key',
      key: 'test-key-not-real',
    });
  });

  it('is the address the operator gives in its place', () => {
    const settings = { ...NOTHING_SET, baseUrls: { openai: 'http://127.0.0.1:4000/v1' } };
    expect(upstreamOf(settings, 'openai', 'test-key-not-real')?.baseUrl).toBe('http://127.0.0.1:4000/v1');
    expect(upstreamOf(settings, 'anthropic', undefined)?.baseUrl).toBe('https://api.anthropic.com/v1');
  });

  it('does not exist to a service that nobody has named', () => {
    expect(upstreamOf(NOTHING_SET, 'openai-compatible', 'test-key-not-real')).toBeUndefined();
  });

  it('carries no key where there is none', () => {
    expect(upstreamOf({ ...COMPATIBLE, compatibleKey: undefined }, 'openai-compatible', undefined)).toEqual({
      provider: 'openai-compatible',
      baseUrl: 'http://models.test/v1',
      keyHeader: 'authorization',
    });
  });

  it("carries an owner's key before the operator's", () => {
    expect(upstreamOf(COMPATIBLE, 'openai-compatible', 'test-key-of-an-owner')?.key).toBe(
      'test-key-of-an-owner',
    );
    expect(upstreamOf(COMPATIBLE, 'openai-compatible', undefined)?.key).toBe('test-key-of-the-operator');
  });

  it("never takes the operator's key of one service to another", () => {
    const settings = { ...COMPATIBLE, baseUrls: { openai: 'http://elsewhere.test/v1' } };
    expect(upstreamOf(settings, 'openai', undefined)).not.toHaveProperty('key');
  });
});

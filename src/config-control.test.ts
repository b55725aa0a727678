import { describe, expect, it } from 'vitest';
import { type ControlConfig, readControl } from './config-control.ts';
import { ConfigError, type Environment, readerOf } from './config-reader.ts';

const controlOf = (env: Environment): ControlConfig => readControl(readerOf(env));
const key = (byte: number) => Buffer.alloc(32, byte).toString('base64');

describe('the configuration of the control plane', () => {
  it('has a default for everything', () => {
    expect(controlOf({})).toEqual({
      lifecycle: { idleReapEnabled: true, idleThresholdSeconds: 2100, keepaliveMaxSeconds: 86_400 },
      operators: new Set(['default']),
      eventRetentionDays: 0,
      logLevel: 'info',
      webhooksToPrivate: false,
      previousSecretsKeys: [],
    });
  });

  it('is taken as it is given', () => {
    const env = {
      SANDBOXD_IDLE_ENABLED: 'false',
      SANDBOXD_IDLE_SECONDS: '60',
      SANDBOXD_KEEPALIVE_MAX_SECONDS: '0',
      SANDBOXD_OPERATORS: 'acme, team.ops',
      SANDBOXD_EVENT_RETENTION_DAYS: '90',
      SANDBOXD_LOG_LEVEL: 'DEBUG',
      SANDBOXD_WEBHOOKS_TO_PRIVATE: 'true',
      SANDBOXD_PREVIOUS_SECRETS_KEYS: `${key(1)}, ${key(2)}`,
    };
    expect(controlOf(env)).toEqual({
      lifecycle: { idleReapEnabled: false, idleThresholdSeconds: 60, keepaliveMaxSeconds: 0 },
      operators: new Set(['acme', 'team.ops']),
      eventRetentionDays: 90,
      logLevel: 'debug',
      webhooksToPrivate: true,
      previousSecretsKeys: [key(1), key(2)],
    });
  });

  it.each([
    ['SANDBOXD_IDLE_ENABLED', 'sometimes'],
    ['SANDBOXD_IDLE_SECONDS', '59'],
    ['SANDBOXD_IDLE_SECONDS', '86401'],
    ['SANDBOXD_IDLE_SECONDS', '100.5'],
    ['SANDBOXD_KEEPALIVE_MAX_SECONDS', '-1'],
    ['SANDBOXD_KEEPALIVE_MAX_SECONDS', '604801'],
    ['SANDBOXD_OPERATORS', 'acme,'],
    ['SANDBOXD_OPERATORS', 'two words'],
    ['SANDBOXD_EVENT_RETENTION_DAYS', 'never'],
    ['SANDBOXD_EVENT_RETENTION_DAYS', '0.5'],
    ['SANDBOXD_LOG_LEVEL', 'loud'],
    ['SANDBOXD_WEBHOOKS_TO_PRIVATE', 'yes'],
  ])('is refused as %s=%s, and the variable is named', (name, value) => {
    expect(() => controlOf({ [name]: value })).toThrow(ConfigError);
    expect(() => controlOf({ [name]: value })).toThrow(name);
  });

  it('never repeats a key that it cannot use', () => {
    const secret = 'test-key-not-real';
    const read = () => controlOf({ SANDBOXD_PREVIOUS_SECRETS_KEYS: `${key(1)},${secret}` });
    expect(read).toThrow('SANDBOXD_PREVIOUS_SECRETS_KEYS');
    expect(read).not.toThrow(secret);
  });
});

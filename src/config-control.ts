import { ConfigError, type Reader } from './config-reader.ts';
import { DEFAULT_OWNER, isOwnerName } from './domain/identity.ts';
import { LOG_LEVELS, type LogLevel } from './domain/log.ts';
import { IDLE_THRESHOLD, KEEPALIVE_MAX, type LifecycleSettings } from './domain/settings.ts';

/** What the control plane remembers, of whom it takes orders, and whom it tells: the same for every entry. */
export interface ControlConfig {
  /** First values; the settings override them. */
  readonly lifecycle: LifecycleSettings;
  /** Owners that may change settings and read everybody's audit log. */
  readonly operators: ReadonlySet<string>;
  /** Days; 0 keeps everything. */
  readonly eventRetentionDays: number;
  readonly logLevel: LogLevel;
  /** Whether webhooks may go to addresses that are not on the public internet. */
  readonly webhooksToPrivate: boolean;
  /** Keys that sealed what is in the database before the current one did; base64, 32 bytes each. */
  readonly previousSecretsKeys: readonly string[];
}

/** @throws ConfigError */
export const readControl = (read: Reader): ControlConfig => ({
  lifecycle: {
    idleReapEnabled: read.boolean('SANDBOXD_IDLE_ENABLED', true),
    idleThresholdSeconds: read.integer('SANDBOXD_IDLE_SECONDS', 2100, IDLE_THRESHOLD.min, IDLE_THRESHOLD.max),
    keepaliveMaxSeconds: read.integer(
      'SANDBOXD_KEEPALIVE_MAX_SECONDS',
      86_400,
      KEEPALIVE_MAX.min,
      KEEPALIVE_MAX.max,
    ),
  },
  operators: readOperators(read),
  eventRetentionDays: read.integer('SANDBOXD_EVENT_RETENTION_DAYS', 0, 0, 36_500),
  logLevel: read.choice('SANDBOXD_LOG_LEVEL', LOG_LEVELS, 'info'),
  webhooksToPrivate: read.boolean('SANDBOXD_WEBHOOKS_TO_PRIVATE', false),
  previousSecretsKeys: read.keys('SANDBOXD_PREVIOUS_SECRETS_KEYS'),
});

function readOperators(read: Reader): ReadonlySet<string> {
  const name = 'SANDBOXD_OPERATORS';
  const owners = (read.text(name) ?? DEFAULT_OWNER).split(',').map((owner) => owner.trim());
  const odd = owners.find((owner) => !isOwnerName(owner));
  if (odd === undefined) return new Set(owners);
  throw new ConfigError(`${name}: "${odd}" is no owner. Give names like ${DEFAULT_OWNER},acme.`);
}

import * as v from 'valibot';
import type { NodePolicy } from './node.ts';
import type { Instance, Ports } from './ports.ts';

/** What operators change while the server runs. Everything in it overrides the configuration it began with. */
export interface LifecycleSettings {
  readonly idleReapEnabled: boolean;
  /** Seconds without traffic before a sandbox is stopped. */
  readonly idleThresholdSeconds: number;
  /** The longest that a keepalive may reach into the future, in seconds; 0 allows none. */
  readonly keepaliveMaxSeconds: number;
}

export const IDLE_THRESHOLD = { min: 60, max: 86_400 } as const;
export const KEEPALIVE_MAX = { min: 0, max: 604_800 } as const;

const seconds = ({ min, max }: { min: number; max: number }) =>
  v.pipe(
    v.number('must be a number'),
    v.integer('must be a whole number'),
    v.minValue(min, `must be from ${min} to ${max}`),
    v.maxValue(max, `must be from ${min} to ${max}`),
  );

export const SettingsPatch = v.strictObject({
  lifecycle: v.strictObject(
    {
      idle_reap_enabled: v.optional(v.boolean('must be true or false')),
      idle_threshold_seconds: v.optional(seconds(IDLE_THRESHOLD)),
      keepalive_max_seconds: v.optional(seconds(KEEPALIVE_MAX)),
    },
    'must be an object',
  ),
});

/** What a node is told of them. */
export const policyOf = ({ idleReapEnabled, idleThresholdSeconds }: LifecycleSettings): NodePolicy => ({
  idleEnabled: idleReapEnabled,
  idleSeconds: idleThresholdSeconds,
});

/** The settings in force: what was set, over what the server began with. */
export const lifecycleOf = async ({
  store,
  instance,
}: Pick<Ports, 'store'> & {
  readonly instance: Pick<Instance, 'lifecycle'>;
}): Promise<LifecycleSettings> => ({
  ...instance.lifecycle,
  ...(await store.settings.lifecycle()),
});

/** Dotted paths of what PATCH takes. */
export const EDITABLE_SETTINGS = [
  'lifecycle.idle_reap_enabled',
  'lifecycle.idle_threshold_seconds',
  'lifecycle.keepalive_max_seconds',
] as const;

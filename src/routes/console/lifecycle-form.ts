import * as v from 'valibot';
import { type LifecycleSettings, SettingsPatch } from '../../domain/settings.ts';
import type { LifecycleFields, LifecycleProblems } from '../../views/settings-models.ts';

/** The settings as they were sent; numbers as they were typed. */
interface LifecycleForm {
  readonly idleReapEnabled: boolean;
  readonly idleThresholdSeconds: string;
  readonly keepaliveMaxSeconds: string;
}

export const lifecycleForm = (form: URLSearchParams): LifecycleForm => ({
  idleReapEnabled: form.get('idle_reap_enabled') === 'yes',
  idleThresholdSeconds: form.get('idle_threshold_seconds')?.trim() ?? '',
  keepaliveMaxSeconds: form.get('keepalive_max_seconds')?.trim() ?? '',
});

type Patch = v.InferOutput<typeof SettingsPatch>;

/**
 * What a form changes: what is as it is stays whatever it becomes meanwhile.
 * @returns undefined as the patch when that is nothing
 */
export function lifecyclePatch(
  form: LifecycleForm,
  now: LifecycleSettings,
): { readonly patch: Patch | undefined } | { readonly problems: LifecycleProblems } {
  const { idleReapEnabled, idleThresholdSeconds, keepaliveMaxSeconds } = form;
  const changed = {
    ...(idleReapEnabled !== now.idleReapEnabled && { idle_reap_enabled: idleReapEnabled }),
    ...(idleThresholdSeconds !== String(now.idleThresholdSeconds) && {
      idle_threshold_seconds: numberIn(idleThresholdSeconds),
    }),
    ...(keepaliveMaxSeconds !== String(now.keepaliveMaxSeconds) && {
      keepalive_max_seconds: numberIn(keepaliveMaxSeconds),
    }),
  };
  if (Object.keys(changed).length === 0) return { patch: undefined };
  const checked = v.safeParse(SettingsPatch, { lifecycle: changed });
  if (checked.success) return { patch: checked.output };
  const { nested = {} } = v.flatten<typeof SettingsPatch>(checked.issues);
  return {
    problems: {
      idle: said(nested['lifecycle.idle_threshold_seconds']),
      keepalive: said(nested['lifecycle.keepalive_max_seconds']),
    },
  };
}

const numberIn = (text: string): number => (/^\d+(?:\.\d+)?$/.test(text) ? Number(text) : Number.NaN);

const said = (issues: readonly [string, ...string[]] | undefined): string | undefined =>
  issues && `It ${issues[0]}.`;

/** What was sent and could not be done, to be sent again. */
export interface RefusedLifecycle {
  readonly form: LifecycleForm;
  readonly problems: LifecycleProblems;
}

export function lifecycleFields(now: LifecycleSettings, refused?: RefusedLifecycle): LifecycleFields {
  return {
    idleReapEnabled: now.idleReapEnabled,
    idleThresholdSeconds: String(now.idleThresholdSeconds),
    keepaliveMaxSeconds: String(now.keepaliveMaxSeconds),
    ...refused?.form,
    idleInWords: inWords(now.idleThresholdSeconds),
    keepaliveInWords: now.keepaliveMaxSeconds === 0 ? 'none is allowed' : inWords(now.keepaliveMaxSeconds),
    problems: refused?.problems ?? {},
  };
}

const UNITS = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
] as const;

/** Exactly, in the greatest unit that does. */
function inWords(seconds: number): string {
  const [unit, length] = UNITS.find(([, one]) => seconds % one === 0) ?? UNITS[3];
  const words = new Intl.NumberFormat('en', { style: 'unit', unit, unitDisplay: 'long' });
  return words.format(seconds / length);
}

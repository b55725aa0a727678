import * as v from 'valibot';
import {
  type AccessPolicy,
  ConfigKey,
  ConfigValue,
  reachesAgent,
  reachesRuntime,
} from '../../domain/config-item.ts';
import { SandboxdError } from '../../domain/errors.ts';
import type { ConfigProblems } from '../../views/config-models.ts';
import { findPolicy } from './config-words.ts';

/** An item as a form has it. */
export interface ConfigForm {
  readonly key: string;
  readonly value: string;
  readonly sensitive: boolean;
  readonly policy: AccessPolicy;
}

/** Without a choice nobody gets the value. */
export function configForm(form: URLSearchParams): ConfigForm {
  return {
    key: form.get('key') ?? '',
    value: asWritten(form.get('value') ?? ''),
    sensitive: form.get('sensitive') === 'yes',
    policy: findPolicy(form.get('access_policy')) ?? 'control_plane_only',
  };
}

/** A form sends the end of every line as two characters, whatever was written. */
export const asWritten = (text: string): string => text.replaceAll('\r\n', '\n');

/** What is wrong with an item before it is sent on; undefined for nothing. */
export function problemsIn({ key, value, policy }: ConfigForm): ConfigProblems | undefined {
  const wrongKey = v.safeParse(ConfigKey, key).issues?.[0].message;
  if (wrongKey !== undefined) return { key: `The key ${wrongKey}.` };
  if (key.includes('=') && (reachesRuntime(policy) || reachesAgent(policy))) return { key: UNDELIVERABLE };
  const wrongValue = v.safeParse(ConfigValue, value).issues?.[0].message;
  return wrongValue === undefined ? undefined : { value: `The value ${wrongValue}.` };
}

const UNDELIVERABLE =
  'A key with “=” in it cannot be given to programs. Choose another key, or let nobody in the sandbox have it.';

/** What the domain refused, at the field that it is about. @throws what has another page, or is a defect */
export function refusedBy(error: unknown): ConfigProblems & { readonly status: SandboxdError['status'] } {
  if (!(error instanceof SandboxdError) || error.code === 'not_found' || error.code === 'internal')
    throw error;
  const { message, status } = error;
  const [, field, said = ''] = /^(key|value): (.+)$/s.exec(message) ?? [];
  if (field === undefined) return { other: message, status };
  return { [field]: said.charAt(0).toUpperCase() + said.slice(1), status };
}

import * as v from 'valibot';
import { Text } from './app.ts';

/** Who may have the value of an item. */
export const ACCESS_POLICIES = ['control_plane_only', 'agent_access', 'runtime_access', 'both'] as const;
export type AccessPolicy = (typeof ACCESS_POLICIES)[number];

/** What an app is told that is not in its files. Times are milliseconds since the epoch. */
export interface ConfigItem {
  readonly owner: string;
  readonly appId: string;
  readonly key: string;
  /** Whether the value is write-only, and masked wherever output is shown. */
  readonly sensitive: boolean;
  readonly accessPolicy: AccessPolicy;
  /** What the vault made of the value, sensitive or not; it opens with {@link configContext}. */
  readonly sealed: string;
  /** Since when it is known that the value does not open. */
  readonly unreadableSince?: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/**
 * What a value is sealed for: moved to another app or key, or passed off as one that may be shown, it does not open. The
 * policy is not part of it: that changes without the value.
 */
export const configContext = ({
  appId,
  key,
  sensitive,
}: Pick<ConfigItem, 'appId' | 'key' | 'sensitive'>): readonly string[] => [
  'config',
  appId,
  key,
  sensitive ? 'sensitive' : 'plain',
];

/** Bytes of one value, in UTF-8. */
export const MAX_CONFIG_VALUE_BYTES = 64 * 1024;
/** Items of one app, and bytes of their keys and values: what a program's environment holds with room to spare. */
export const MAX_CONFIG_ITEMS = 500;
export const MAX_CONFIG_BYTES = 512 * 1024;

export const reachesRuntime = (policy: AccessPolicy): boolean =>
  policy === 'runtime_access' || policy === 'both';
export const reachesAgent = (policy: AccessPolicy): boolean => policy === 'agent_access' || policy === 'both';

const byteLength = (text: string): number => new TextEncoder().encode(text).length;

/** Half of a pair of UTF-16 has no form in UTF-8: it would come back as another character. */
const isText = v.check<string, string>((text) => text.isWellFormed(), 'must be well-formed Unicode');

export const ConfigKey = v.pipe(
  v.string('must be a string'),
  v.nonEmpty('must not be empty'),
  v.maxLength(256, 'must be at most 256 characters'),
  // oxlint-disable-next-line no-control-regex
  v.regex(/^[^\u0000-\u001f\u007f-\u009f]*$/, 'must not contain control characters'),
  isText,
  // As a part of a path they mean another one, however they are written.
  v.check((key) => key !== '.' && key !== '..', 'must not be "." or ".."'),
);

export const ConfigValue = v.pipe(
  Text,
  isText,
  v.check((text) => byteLength(text) <= MAX_CONFIG_VALUE_BYTES, 'must be at most 64 KiB'),
);

const Policy = v.picklist(ACCESS_POLICIES, `must be one of ${ACCESS_POLICIES.join(', ')}`);
const Sensitive = v.boolean('must be true or false');

export const NewConfigItem = v.object({
  key: ConfigKey,
  value: ConfigValue,
  sensitive: v.optional(Sensitive, true),
  access_policy: v.optional(Policy, 'control_plane_only'),
});

export const ConfigPatch = v.object({
  value: v.optional(ConfigValue),
  sensitive: v.optional(Sensitive),
  access_policy: v.optional(Policy),
});

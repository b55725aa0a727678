import type * as v from 'valibot';
import type { ConfigView } from '../../domain/config-commands.ts';
import { timestamp } from '../../domain/ids.ts';
import type { ConfigItemBody } from './config-schemas.ts';

const UNREADABLE = 'The value cannot be read any more. Set it anew, or delete the item.';

/** A config item in its wire form. */
export const presentConfig = ({
  item,
  value,
  isUnreadable,
}: ConfigView): v.InferOutput<typeof ConfigItemBody> => ({
  key: item.key,
  sensitive: item.sensitive,
  access_policy: item.accessPolicy,
  value_set: true,
  value,
  error_message: isUnreadable ? UNREADABLE : undefined,
  created_at: timestamp(item.createdAt),
  updated_at: timestamp(item.updatedAt),
});

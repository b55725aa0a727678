import * as v from 'valibot';
import { ACCESS_POLICIES } from '../../domain/config-item.ts';
import { named, Time } from './schemas.ts';

export const ConfigItemBody = named(
  'ConfigItem',
  v.object({
    key: v.string(),
    sensitive: v.boolean(),
    access_policy: v.picklist(ACCESS_POLICIES),
    value_set: v.boolean(),
    value: v.optional(v.pipe(v.string(), v.description('of an item that is not sensitive'))),
    error_message: v.optional(
      v.pipe(v.string(), v.description('why the value cannot be read, and what to do')),
    ),
    created_at: Time,
    updated_at: Time,
  }),
);

export const ConfigListBody = v.object({ config: v.array(ConfigItemBody) });

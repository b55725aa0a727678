import * as v from 'valibot';
import { Id, named, Time } from './schemas.ts';

/** The wire form of keys, sessions and the audit log. */
export const ApiKeyBody = named(
  'ApiKey',
  v.object({
    id: Id,
    name: v.string(),
    prefix: v.pipe(v.string(), v.description('what the token begins with, to recognise it by')),
    created_at: Time,
    last_used_at: v.optional(v.pipe(Time, v.description('to the minute'))),
    expires_at: v.optional(Time),
  }),
);

export const ApiKeyListBody = v.object({ api_keys: v.array(ApiKeyBody) });

export const NewApiKeyBody = v.object({
  ...ApiKeyBody.entries,
  token: v.pipe(v.string(), v.description('shown this once')),
});

export const AuthStatusBody = v.object({
  enabled: v.pipe(v.boolean(), v.description('whether callers have to say who they are')),
  setup_required: v.pipe(
    v.boolean(),
    v.description('whether the caller can give the console its first password; strangers cannot'),
  ),
  authenticated: v.boolean(),
  owner: v.optional(v.string()),
  via: v.optional(v.picklist(['token', 'session', 'auth-off'])),
});

export const LogoutInput = v.object({
  everywhere: v.optional(
    v.pipe(v.boolean('must be true or false'), v.description('all your sessions, not this one alone')),
    false,
  ),
});

export const AuditListBody = v.object({
  entries: v.array(
    v.object({
      id: Id,
      owner: v.optional(v.pipe(v.string(), v.description('absent when nobody was recognised'))),
      actor: v.object({
        kind: v.picklist(['api-key', 'configured-token', 'session', 'auth-off', 'command-line', 'unknown']),
        id: v.optional(Id),
        name: v.optional(v.string()),
      }),
      action: v.pipe(v.string(), v.description('method and route, like "PATCH /v1/apps/:id"')),
      target: v.record(v.string(), v.string()),
      status: v.pipe(v.number(), v.description('of the answer')),
      request_id: v.string(),
      address: v.optional(v.string()),
      created_at: Time,
    }),
  ),
  next_before: v.optional(Id),
});

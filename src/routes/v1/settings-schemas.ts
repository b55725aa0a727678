import * as v from 'valibot';
import { named, PresetBody } from './schemas.ts';

export const SettingsBody = named(
  'Settings',
  v.object({
    version: v.string(),
    git_commit: v.optional(v.string()),
    networking: v.object({
      preview_domain: v.string(),
      public_http_port: v.optional(v.string()),
      preview_base: v.pipe(v.string(), v.description('like http://*.preview.localhost:8080')),
      preview_tls: v.boolean(),
      preview_entrypoint: v.optional(v.string()),
    }),
    auth: v.object({ enabled: v.boolean() }),
    runtime: v.object({
      storage_mode: v.pipe(
        v.picklist(['overlay', 'directory', 'unknown']),
        v.description('how workspaces are kept: prepared dependencies shared, or copied'),
      ),
      base_image: v.string(),
    }),
    lifecycle: v.object({
      idle_reap_enabled: v.boolean(),
      idle_threshold_seconds: v.number(),
      keepalive_max_seconds: v.number(),
    }),
    egress: v.object({ mode: v.string() }),
    agents: v.object({ providers: v.array(v.string()) }),
    presets: v.array(PresetBody),
    capabilities: v.record(v.string(), v.boolean()),
    editable: v.pipe(v.array(v.string()), v.description('what PATCH takes, as dotted paths')),
  }),
);

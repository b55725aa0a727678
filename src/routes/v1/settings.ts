import { Hono } from 'hono';
import type * as v from 'valibot';
import { requireOperator } from '../../domain/operators.ts';
import type { Ports } from '../../domain/ports.ts';
import { PRESETS } from '../../domain/preset.ts';
import { previewBase } from '../../domain/preview.ts';
import { PROVIDER_IDS } from '../../domain/provider.ts';
import { EDITABLE_SETTINGS, lifecycleOf, SettingsPatch } from '../../domain/settings.ts';
import { updateSettings } from '../../domain/settings-commands.ts';
import { limitJson, readInput } from '../body.ts';
import type { Env } from '../context.ts';
import { operation } from '../describe.ts';
import { presentPreset } from './present.ts';
import { SettingsBody } from './settings-schemas.ts';

/** What this program can do, so that clients need not guess by its version. */
const CAPABILITIES = {
  snapshots: true,
  config_secrets: true,
  templates: true,
  private_previews: true,
  tasks: true,
  webhooks: true,
  audit: true,
  idempotency_keys: true,
  // Previews are guarded by their own proxy: there is nothing for another one to ask.
  forward_auth: false,
} as const;

export const settings = new Hono<Env>()
  .use(limitJson)
  .get(
    '/',
    operation({
      id: 'getSettings',
      summary: 'What this installation is like, and the settings in force',
      tag: 'Instance',
      ok: { 200: SettingsBody },
    }),
    async (c) => c.json(await summary(c.get('ports'))),
  )
  .patch(
    '/',
    operation({
      id: 'updateSettings',
      summary: 'Change settings, at once and on every node; for operators',
      tag: 'Instance',
      body: SettingsPatch,
      ok: { 200: SettingsBody },
      errors: ['invalid_request', 'forbidden', 'payload_too_large', 'unavailable'],
    }),
    async (c) => {
      const ports = c.get('ports');
      const { owner } = c.get('principal');
      requireOperator(ports.instance, owner);
      const patch = await readInput(c, SettingsPatch);
      c.set('auditTarget', { fields: Object.keys(patch.lifecycle).join(', ') });
      await updateSettings(ports, owner, patch);
      return c.json(await summary(ports));
    },
  );

async function summary(ports: Ports): Promise<v.InferOutput<typeof SettingsBody>> {
  const { version, gitCommit, addressing, auth, baseImage, storageMode } = ports.instance;
  const [lifecycle, storage] = await Promise.all([lifecycleOf(ports), storageMode()]);
  return {
    version,
    git_commit: gitCommit,
    networking: {
      preview_domain: addressing.domain,
      public_http_port: String(addressing.publicPort),
      preview_base: previewBase(addressing),
      preview_tls: addressing.tls,
    },
    auth: { enabled: auth === 'on' },
    runtime: { storage_mode: storage, base_image: baseImage },
    lifecycle: {
      idle_reap_enabled: lifecycle.idleReapEnabled,
      idle_threshold_seconds: lifecycle.idleThresholdSeconds,
      keepalive_max_seconds: lifecycle.keepaliveMaxSeconds,
    },
    egress: { mode: 'disabled' },
    agents: { providers: [...PROVIDER_IDS] },
    presets: PRESETS.map(presentPreset),
    capabilities: CAPABILITIES,
    editable: [...EDITABLE_SETTINGS],
  };
}

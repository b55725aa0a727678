import { Hono } from 'hono';
import { PRESETS, type Preset } from '../../domain/preset.ts';
import type { Env } from '../context.ts';
import { operation } from '../describe.ts';
import { PresetListBody } from './schemas.ts';

const presentPreset = ({ id, label, description, template, capabilities }: Preset) => ({
  id,
  label,
  description,
  template,
  capabilities: [...capabilities],
});

export const presets = new Hono<Env>().get(
  '/',
  operation({
    id: 'listPresets',
    summary: 'List runtime presets',
    tag: 'Instance',
    ok: { 200: PresetListBody },
  }),
  (c) => c.json({ presets: PRESETS.map(presentPreset) }),
);

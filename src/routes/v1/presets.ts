import { Hono } from 'hono';
import { PRESETS } from '../../domain/preset.ts';
import type { Env } from '../context.ts';
import { operation } from '../describe.ts';
import { presentPreset } from './present.ts';
import { PresetListBody } from './schemas.ts';

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

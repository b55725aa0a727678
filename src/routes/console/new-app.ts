import { Hono } from 'hono';
import * as v from 'valibot';
import { NewApp } from '../../domain/app.ts';
import { createApp } from '../../domain/app-commands.ts';
import { SandboxdError } from '../../domain/errors.ts';
import type { Ports } from '../../domain/ports.ts';
import { PRESETS } from '../../domain/preset.ts';
import { createAppSandbox } from '../../domain/sandbox-commands.ts';
import type { NewAppPage, PresetCard, PresetIcon } from '../../views/models.ts';
import type { Env } from '../context.ts';
import { readForm } from './form.ts';
import { page } from './page.ts';

/** Making an app, with the sandbox that it runs in. */
export const newApp = new Hono<Env>()
  .get('/new', (c) => page(c, 'app-new', { name: '', presets: presetCards(), problems: {} }))
  .post('/', async (c) => {
    const form = await readForm(c);
    const name = form.get('name') ?? '';
    const preset = form.get('runtime_preset') ?? undefined;
    const checked = v.safeParse(NewApp, { name, runtime_preset: preset });
    if (!checked.success) {
      const problems = problemsOf(v.flatten(checked.issues).nested);
      return page(c, 'app-new', { name, presets: presetCards(preset), problems }, 400);
    }
    const ports = c.get('ports');
    const { owner } = c.get('principal');
    const app = await createApp(ports, owner, checked.output);
    c.set('auditTarget', { id: app.id });
    await tryCreateSandbox(ports, owner, app.id);
    return c.redirect(`/apps/${app.id}`, 303);
  });

/** The app exists by now: its page tells why there is no sandbox, and offers to try again. */
async function tryCreateSandbox(ports: Ports, owner: string, appId: string): Promise<void> {
  try {
    await createAppSandbox(ports, owner, appId, {});
  } catch (error) {
    if (!(error instanceof SandboxdError) || !error.retryable) throw error;
    ports.log.warn('a new app has no sandbox yet', { appId, code: error.code });
  }
}

type Issues = Partial<Record<string, readonly string[]>> | undefined;

function problemsOf(issues: Issues): NewAppPage['problems'] {
  const name = issues?.['name']?.[0];
  const preset = issues?.['runtime_preset']?.[0];
  return { name: name && `The name ${name}.`, preset: preset && `The preset ${preset}.` };
}

const ICONS: Readonly<Record<string, PresetIcon>> = {
  'react-vite': 'atom',
  nextjs: 'layers',
  'node-express': 'braces',
  fastapi: 'bolt',
  worker: 'gear',
};

function presetCards(chosen: string = PRESETS[0]?.id ?? ''): PresetCard[] {
  return PRESETS.map(({ id, label, description }) => ({
    id,
    label,
    description,
    icon: ICONS[id] ?? 'window',
    chosen: id === chosen,
  }));
}

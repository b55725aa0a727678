import { Hono } from 'hono';
import * as v from 'valibot';
import {
  type AgentOverview,
  ApiKey,
  disconnectProvider,
  setProviderKey,
  viewAgents,
} from '../../domain/agent-commands.ts';
import { notFound } from '../../domain/errors.ts';
import { findProvider } from '../../domain/provider.ts';
import type { Chip } from '../../views/models.ts';
import type { ProviderRow } from '../../views/task-models.ts';
import type { AppContext, Env } from '../context.ts';
import { readForm } from './form.ts';
import { page } from './page.ts';
import { moment } from './relative-time.ts';
import { safeNext } from './safe-next.ts';

/** Which agents there are, and the keys of those who serve their models. */
export const agentPages = new Hono<Env>()
  .get('/', (c) => show(c, safeNext(c.req.query('next'))))
  .post('/:provider/key', async (c) => {
    const provider = providerOf(c);
    const form = await readForm(c);
    const next = safeNext(form.get('next'));
    const checked = v.safeParse(ApiKey, { api_key: form.get('api_key')?.trim() ?? '' });
    if (!checked.success) {
      return show(c, next, { provider, text: `The key ${checked.issues[0].message}.` });
    }
    await setProviderKey(c.get('ports'), c.get('principal').owner, provider, checked.output);
    return c.redirect(next === '/' ? '/agents' : next, 303);
  })
  .post('/:provider/disconnect', async (c) => {
    const provider = providerOf(c);
    const next = safeNext((await readForm(c)).get('next'));
    await disconnectProvider(c.get('ports'), c.get('principal').owner, provider);
    return c.redirect(next === '/' ? '/agents' : `/agents?next=${encodeURIComponent(next)}`, 303);
  });

interface Problem {
  readonly provider: string;
  readonly text: string;
}

function providerOf(c: AppContext): string {
  const provider = findProvider(c.req.param('provider') ?? '');
  if (provider === undefined) throw notFound('provider');
  return provider.id;
}

async function show(c: AppContext, next: string, problem?: Problem): Promise<Response> {
  const overview = await viewAgents(c.get('ports'), c.get('principal').owner);
  const now = c.get('ports').clock();
  const content = {
    agents: overview.agents.map(({ agent, installed }) => ({
      label: agent.label,
      chip: installedChip(installed),
    })),
    providers: overview.providers.map((row) => providerRow(row, overview, now, problem)),
    next,
  };
  return page(c, 'agents', content, problem === undefined ? 200 : 400);
}

function installedChip(installed: boolean | undefined): Chip {
  if (installed === undefined) return { label: 'Unknown', tone: 'warn' };
  return installed ? { label: 'Installed', tone: 'ok' } : { label: 'Not installed', tone: 'idle' };
}

function providerRow(
  { provider, connected, keySetAt }: AgentOverview['providers'][number],
  { agents }: AgentOverview,
  now: number,
  problem: Problem | undefined,
): ProviderRow {
  const users = agents.filter(({ agent }) => agent.providers.includes(provider.id));
  // Only the address of this one is the operator's to name, and whoever has one needs no key.
  const isNowhere = provider.baseUrl === undefined && !connected;
  return {
    id: provider.id,
    label: provider.label,
    chip: connected ? { label: 'Connected', tone: 'ok' } : { label: 'Not connected', tone: 'idle' },
    usedBy: new Intl.ListFormat('en').format(users.map(({ agent }) => agent.label)),
    ...(keySetAt !== undefined && { keySet: moment(keySetAt, now) }),
    ...(isNowhere && {
      hindrance: 'The operator of this server has not named one: SANDBOXD_OPENAI_COMPATIBLE_URL does.',
    }),
    ...(problem?.provider === provider.id && { problem: problem.text }),
  };
}

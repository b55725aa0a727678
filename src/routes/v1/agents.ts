import { Hono } from 'hono';
import type * as v from 'valibot';
import {
  type AgentOverview,
  ApiKey,
  disconnectProvider,
  setProviderKey,
  viewAgents,
} from '../../domain/agent-commands.ts';
import { DEFAULT_AGENT } from '../../domain/coding-agent.ts';
import { optionalTimestamp } from '../../domain/record.ts';
import { limitJson, readInput } from '../body.ts';
import type { Env } from '../context.ts';
import { operation } from '../describe.ts';
import { AgentListBody } from './task-schemas.ts';

const presentOverview = ({ agents, providers }: AgentOverview): v.InferOutput<typeof AgentListBody> => ({
  agents: agents.map(({ agent, installed }) => ({
    id: agent.id,
    label: agent.label,
    default: agent.id === DEFAULT_AGENT,
    installed,
    providers: [...agent.providers],
  })),
  providers: providers.map(({ provider, connected, keySetAt }) => ({
    id: provider.id,
    label: provider.label,
    connected,
    key_set_at: optionalTimestamp(keySetAt),
  })),
});

export const agents = new Hono<Env>()
  .use(limitJson)
  .get(
    '/',
    operation({
      id: 'listAgents',
      summary: 'List coding agents, and who serves their models',
      tag: 'Agents',
      ok: { 200: AgentListBody },
    }),
    async (c) => c.json(presentOverview(await viewAgents(c.get('ports'), c.get('principal').owner))),
  )
  .post(
    '/:provider/api-key',
    operation({
      id: 'setProviderKey',
      summary: 'Set your key for a provider; nothing shows it again',
      tag: 'Agents',
      body: ApiKey,
      ok: { 204: 'Set' },
      errors: ['invalid_request', 'not_found', 'payload_too_large'],
    }),
    async (c) => {
      const input = await readInput(c, ApiKey);
      await setProviderKey(c.get('ports'), c.get('principal').owner, c.req.param('provider'), input);
      return c.body(null, 204);
    },
  )
  .post(
    '/:provider/disconnect',
    operation({
      id: 'disconnectProvider',
      summary: 'Forget your key for a provider; tasks that run keep it to their end',
      tag: 'Agents',
      ok: { 204: 'Forgotten' },
      errors: ['not_found'],
    }),
    async (c) => {
      await disconnectProvider(c.get('ports'), c.get('principal').owner, c.req.param('provider'));
      return c.body(null, 204);
    },
  );

import { addAbortListener } from 'node:events';
import {
  client,
  type ClientContext,
  methods,
  PROTOCOL_VERSION,
  type RequestPermissionRequest,
  type RequestPermissionResponse,
} from '@agentclientprotocol/sdk';
import { acpStream } from './acp-stream.ts';
import type { AgentDriver, AgentTurn, AgentVerdict } from './driver.ts';
import { fieldsOf, textOf } from './fields.ts';
import { opencodeEnvironment, pretendInstalled } from './opencode-settings.ts';
import { OpencodeUpdates } from './opencode-updates.ts';
import { plainPrompt } from './plain-prompt.ts';

const PARTING = 'opencode stopped before the end of its turn.';

/**
 * opencode, by the Agent Client Protocol (https://agentclientprotocol.com): JSON-RPC over its standard input and
 * output. It tells of a tool when it begins and again when it has ended.
 */
export const opencode: AgentDriver = {
  id: 'opencode',

  async prepare(turn) {
    await pretendInstalled(turn);
    return { argv: ['opencode', 'acp'], env: opencodeEnvironment(turn) };
  },

  async follow(pipes, turn, tell) {
    const updates = new OpencodeUpdates(turn.directory, tell);
    const connection = client()
      .onRequest(methods.client.session.requestPermission, ({ params }) => permit(params))
      .onNotification(methods.client.session.update, ({ params }) => updates.take(params))
      .connect(acpStream(pipes, PARTING));
    // A program that is being killed may leave its output open: that is no reason to wait for it.
    using _ = addAbortListener(pipes.signal, () => connection.close(new Error(PARTING)));
    const verdict = await converse(connection.agent, turn, updates);
    connection.close();
    // It ends by itself when nobody has anything more to say to it.
    pipes.stdin.end();
    return verdict;
  },
};

async function converse(
  agent: ClientContext,
  turn: AgentTurn,
  updates: OpencodeUpdates,
): Promise<AgentVerdict> {
  let session = turn.session;
  try {
    await agent.request(methods.agent.initialize, { protocolVersion: PROTOCOL_VERSION });
    session = await openSession(agent, turn);
    // What it told until here is the story so far.
    updates.follow(session);
    const answer = await agent.request(methods.agent.session.prompt, {
      sessionId: session,
      prompt: [{ type: 'text', text: plainPrompt(turn.prompt) }],
    });
    // Unlike what it asks and tells, what it answers is not looked at by the library.
    return { ...verdictOn(fieldsOf(answer)['stopReason']), session, ...updates.said() };
  } catch (error) {
    return { ok: false, error: reasonOf(error), ...(session && { session }), ...updates.said() };
  }
}

/** The turn's session; a new one when it has none, or when that one is not there any more. */
async function openSession(agent: ClientContext, { session, directory }: AgentTurn): Promise<string> {
  const place = { cwd: directory, mcpServers: [] };
  if (session !== undefined) {
    const loaded = await agent
      .request(methods.agent.session.load, { sessionId: session, ...place })
      .catch(() => undefined);
    if (loaded !== undefined) return session;
  }
  const opened = textOf(fieldsOf(await agent.request(methods.agent.session.new, place))['sessionId']);
  if (opened === undefined) throw new Error('opencode did not name its session.');
  return opened;
}

const STOPS: Readonly<Record<string, string>> = {
  max_tokens: 'The answer of the model was cut off: it has reached its limit of tokens.',
  max_turn_requests: 'The agent gave up: it has reached its limit of requests.',
  refusal: 'The model refused to go on.',
  cancelled: 'The agent was cancelled.',
};

function verdictOn(stopReason: unknown): { ok: boolean; error?: string } {
  if (stopReason === 'end_turn') return { ok: true };
  const stop = textOf(stopReason) ?? 'without a reason';
  return { ok: false, error: STOPS[stop] ?? `The agent stopped: ${stop}.` };
}

/** It puts the provider's words behind its own. */
const reasonOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).replace(/^Internal error: /, '');

/** Everything is allowed inside a sandbox; it asks only for what its settings do not cover. */
function permit({ options }: RequestPermissionRequest): RequestPermissionResponse {
  const allowing = options.find(({ kind }) => kind.startsWith('allow'));
  if (allowing === undefined) return { outcome: { outcome: 'cancelled' } };
  return { outcome: { outcome: 'selected', optionId: allowing.optionId } };
}

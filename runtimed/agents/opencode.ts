import type { AgentDriver, AgentTurn, AgentVerdict } from './driver.ts';
import { type Fields, fieldsOf, textOf } from './fields.ts';
import { RpcPeer } from './json-rpc.ts';
import { eachLine } from './lines.ts';
import { opencodeEnvironment, pretendInstalled } from './opencode-settings.ts';
import { OpencodeUpdates } from './opencode-updates.ts';
import { plainPrompt } from './plain-prompt.ts';

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
    const send = (line: string) => {
      if (pipes.stdin.writable) pipes.stdin.write(line);
    };
    const peer = new RpcPeer(send, {
      answer: (method, params) => (method === 'session/request_permission' ? permit(params) : undefined),
      notice: (method, params) => {
        if (method === 'session/update') updates.take(params);
      },
    });
    let ended = false;
    const output = eachLine(pipes, (line) => {
      peer.receive(line);
      return ended;
    });
    void output.then(() => peer.close('opencode stopped before the end of its turn.'));
    const verdict = await converse(peer, turn, updates);
    ended = true;
    // It ends by itself when nobody has anything more to say to it.
    pipes.stdin.end();
    return verdict;
  },
};

const PROTOCOL_VERSION = 1;

async function converse(peer: RpcPeer, turn: AgentTurn, updates: OpencodeUpdates): Promise<AgentVerdict> {
  let session = turn.session;
  try {
    await peer.request('initialize', { protocolVersion: PROTOCOL_VERSION, clientCapabilities: {} });
    session = await openSession(peer, turn);
    // What it told until here is the story so far.
    updates.follow(session);
    const prompt = [{ type: 'text', text: plainPrompt(turn.prompt) }];
    const { stopReason } = await peer.request('session/prompt', { sessionId: session, prompt });
    return { ...verdictOn(stopReason), session, ...updates.said() };
  } catch (error) {
    return { ok: false, error: reasonOf(error), ...(session && { session }), ...updates.said() };
  }
}

/** The turn's session; a new one when it has none, or when that one is not there any more. */
async function openSession(peer: RpcPeer, { session, directory }: AgentTurn): Promise<string> {
  const place = { cwd: directory, mcpServers: [] };
  if (session !== undefined) {
    const loaded = await peer
      .request('session/load', { sessionId: session, ...place })
      .catch(() => undefined);
    if (loaded !== undefined) return session;
  }
  const { sessionId } = await peer.request('session/new', place);
  const opened = textOf(sessionId);
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
function permit({ options }: Fields): Fields {
  const allowing = (Array.isArray(options) ? options : [])
    .map(fieldsOf)
    .find(({ kind }) => textOf(kind)?.startsWith('allow'));
  const outcome =
    allowing === undefined
      ? { outcome: 'cancelled' }
      : { outcome: 'selected', optionId: allowing['optionId'] };
  return { outcome };
}

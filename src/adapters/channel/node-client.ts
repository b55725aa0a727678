import type { SandboxFiles, FileQuery } from '../../domain/files.ts';
import type { ChannelSigner } from '../../domain/channel.ts';
import type { AgentId } from '../../domain/coding-agent.ts';
import { fromEnvelope, SandboxdError } from '../../domain/errors.ts';
import { readLines } from '../../domain/lines.ts';
import type { CaptureProgress, NodeSnapshots } from '../../domain/capture.ts';
import type { CommandOutcome, NodeClient, SandboxObservation, SandboxOrder } from '../../domain/node.ts';
import type { ExecEvent, FileListing } from '../../domain/runtimed.ts';
import type { NodeTasks, Reverted, TaskEvent } from '../../domain/task.ts';

/** Sends a request to a node: over the network, or into its app in the same process. */
export type Transport = (request: Request) => Promise<Response>;

export interface NodeAddress {
  readonly nodeId: string;
  /** Where the agent listens; only its path matters to an in-process transport. */
  readonly baseUrl: string;
  readonly transport: Transport;
  readonly signer: ChannelSigner;
}

/** An order includes a stop's grace of eight seconds, or a start's image and workspace work. */
const COMMAND_TIMEOUT_MS = 60_000;
/** What begins with a snapshot fetches and unpacks it first, and may capture what it takes the place of before that. */
const UNPACK_TIMEOUT_MS = 600_000;
const QUERY_TIMEOUT_MS = 30_000;
/** A wake, and a comparison of the whole app. */
const REVERT_TIMEOUT_MS = 180_000;
/** An exec event carries at most a pipe's worth of output. */
const MAX_LINE_LENGTH = 8 * 1024 * 1024;

/** The API's client of one node agent. */
export function createNodeClient(address: NodeAddress): NodeClient {
  const call = (method: string, path: string, body?: Uint8Array<ArrayBuffer>, signal?: AbortSignal) =>
    send(
      address,
      { method, path, body: body ?? new Uint8Array(0) },
      signal ?? AbortSignal.timeout(QUERY_TIMEOUT_MS),
    );
  return {
    ping: async () => void (await call('GET', '/internal/v1/ping')),
    agents: async () => (await call('GET', '/internal/v1/agents')).json() as Promise<AgentId[]>,
    apply: async (order, config) => {
      const limit = AbortSignal.timeout(timeoutOf(order));
      const answer = await call('POST', '/internal/v1/orders', json({ order, config }), limit);
      return answer.json() as Promise<CommandOutcome>;
    },
    configure: async (id, config) =>
      void (await call('PUT', `/internal/v1/sandboxes/${id}/config`, json(config))),
    setPolicy: async (policy) => void (await call('PUT', '/internal/v1/policy', json(policy))),
    observe: async (ids) =>
      (await call('POST', '/internal/v1/observe', json(ids))).json() as Promise<SandboxObservation[]>,
    restartProcesses: async (id, scope) => {
      const limit = AbortSignal.timeout(COMMAND_TIMEOUT_MS);
      await call('POST', `/internal/v1/sandboxes/${id}/restart?scope=${scope}`, undefined, limit);
    },
    snapshots: snapshotsClient(call),
    tasks: (id) => tasksClient(id, call),
    files: (id) => filesClient(id, call),
    export: async (id, signal) => {
      const { body } = await call('GET', `/internal/v1/sandboxes/${id}/export`, undefined, signal);
      if (body === null) throw new SandboxdError('node_unavailable', 'The node sent no archive. Try again.');
      return body;
    },
    exec: (id, request, signal) =>
      values<ExecEvent>(call('POST', `/internal/v1/sandboxes/${id}/exec`, json(request), signal)),
    tailLog: async (id, process, lines) =>
      (await call('GET', `/internal/v1/sandboxes/${id}/logs/${process}?lines=${lines}`)).json() as Promise<
        string[]
      >,
    followLog: (id, process, lines, signal) => {
      const path = `/internal/v1/sandboxes/${id}/logs/${process}/follow?lines=${lines}`;
      return values<string>(call('GET', path, undefined, signal));
    },
  };
}

const timeoutOf = ({ fromSnapshotId, replaces }: SandboxOrder): number =>
  fromSnapshotId === undefined && replaces === undefined ? COMMAND_TIMEOUT_MS : UNPACK_TIMEOUT_MS;

type Call = (
  method: string,
  path: string,
  body?: Uint8Array<ArrayBuffer>,
  signal?: AbortSignal,
) => Promise<Response>;

function tasksClient(id: string, call: Call): NodeTasks {
  const tasks = `/internal/v1/sandboxes/${id}/tasks`;
  const bytes = async (path: string) => new Uint8Array(await (await call('GET', path)).arrayBuffer());
  return {
    // It may wake the sandbox first.
    submit: async (order) =>
      void (await call('POST', tasks, json(order), AbortSignal.timeout(COMMAND_TIMEOUT_MS))),
    events: (taskId, since, signal) =>
      values<TaskEvent>(call('GET', `${tasks}/${taskId}/events?since=${since}`, undefined, signal)),
    log: (taskId) => bytes(`${tasks}/${taskId}/log`),
    diff: (taskId) => bytes(`${tasks}/${taskId}/diff`),
    cancel: async (taskId) => void (await call('POST', `${tasks}/${taskId}/cancel`)),
    revert: async (taskId, checkpointId) => {
      const limit = AbortSignal.timeout(REVERT_TIMEOUT_MS);
      const order = json({ checkpoint_id: checkpointId });
      const answer = await call('POST', `${tasks}/${taskId}/revert`, order, limit);
      return answer.json() as Promise<Reverted>;
    },
  };
}

function snapshotsClient(call: Call): NodeSnapshots {
  const snapshots = '/internal/v1/snapshots';
  const hasSettled = async (id: string, signal: AbortSignal): Promise<boolean> => {
    const answer = await call('GET', `${snapshots}/${id}/settled`, undefined, signal);
    return ((await answer.json()) as { isSettled: boolean }).isSettled;
  };
  return {
    capture: async (order) => void (await call('POST', snapshots, json(order))),
    settled: async (id, signal) => {
      try {
        while (!signal.aborted && !(await hasSettled(id, signal)));
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    },
    progress: async (ids) =>
      (await call('POST', `${snapshots}/progress`, json(ids))).json() as Promise<CaptureProgress[]>,
    discard: async (ids) => void (await call('POST', `${snapshots}/discard`, json(ids))),
  };
}

function filesClient(id: string, call: Call): SandboxFiles {
  const at = (
    suffix: string,
    { path, root, ...flags }: FileQuery & { recursive?: boolean; append?: boolean },
  ) => {
    const query = new URLSearchParams({ path, root });
    for (const [name, value] of Object.entries(flags)) query.set(name, String(value));
    return `/internal/v1/sandboxes/${id}/files${suffix}?${query}`;
  };
  return {
    list: async (query) => (await call('GET', at('', query))).json() as Promise<FileListing>,
    read: async (query) => new Uint8Array(await (await call('GET', at('/content', query))).arrayBuffer()),
    write: async (query, body) => void (await call('PUT', at('', query), new Uint8Array(body))),
    delete: async (query) => void (await call('DELETE', at('', query))),
  };
}

interface Outgoing {
  readonly method: string;
  readonly path: string;
  readonly body: Uint8Array<ArrayBuffer>;
}

async function send(to: NodeAddress, outgoing: Outgoing, signal: AbortSignal): Promise<Response> {
  const url = new URL(outgoing.path, to.baseUrl);
  const token = await to.signer.sign({ ...outgoing, path: url.pathname + url.search }, to.nodeId);
  const request = new Request(url, {
    method: outgoing.method,
    headers: { authorization: `Bearer ${token}` },
    body: outgoing.body.byteLength > 0 ? outgoing.body : null,
    signal,
  });
  let response: Response;
  try {
    response = await to.transport(request);
  } catch (cause) {
    throw new SandboxdError('node_unavailable', 'The node does not answer. Try again in a moment.', {
      cause,
    });
  }
  if (response.ok) return response;
  throw fromEnvelope(await response.json().catch(() => null), 'node_unavailable');
}

/** The values of a stream, one a line; an envelope as the last line is thrown. */
async function* values<T extends string | object>(response: Promise<Response>): AsyncIterable<T> {
  const { body } = await response;
  if (body === null) return;
  for await (const line of readLines(body, MAX_LINE_LENGTH)) {
    // A quiet stream says that it is still there.
    if (line === '') continue;
    const value = JSON.parse(line) as T | { error: unknown };
    if (typeof value === 'object' && 'error' in value) throw fromEnvelope(value, 'sandbox_unavailable');
    yield value;
  }
}

const json = (value: unknown): Uint8Array<ArrayBuffer> => new TextEncoder().encode(JSON.stringify(value));

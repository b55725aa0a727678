import * as v from 'valibot';
import { type App, PresetId, Text } from './app.ts';
import { carryOut, carryOutDeletion, tidyAway } from './carry-out.ts';
import { invalid, SandboxdError, taskInProgress } from './errors.ts';
import type { Ports } from './ports.ts';
import { BLANK_TEMPLATE, DEFAULT_PRESET, findPreset, TEMPLATES } from './preset.ts';
import { replacementOf, requireSettled, withdrawalOf } from './replacements.ts';
import { requireApp, requireSandbox } from './require.ts';
import { DEFAULT_PORT, type Desired, type Sandbox, type SandboxBlueprint } from './sandbox.ts';
import { create, newSandbox } from './sandbox-creation.ts';
import { BodyId } from './snapshot.ts';
import { holderOf, madeFrom, requireReady } from './snapshot-source.ts';
import type { Change } from './store.ts';

/** Which ports of a sandbox are previewed is a short list: it is part of every route. */
const MAX_PORTS = 10;

const Template = v.pipe(
  v.string('must be a string'),
  v.check(
    (name) => name === BLANK_TEMPLATE || TEMPLATES.includes(name),
    `must be one of ${[...TEMPLATES, BLANK_TEMPLATE].join(', ')}`,
  ),
);
const PortNumber = v.pipe(
  v.number('must be a number'),
  v.integer('must be a whole number'),
  v.minValue(1, 'must be from 1 to 65535'),
  v.maxValue(65_535, 'must be from 1 to 65535'),
);
const VisibilityField = v.picklist(['public', 'private'], 'must be public or private');

export const NewAppSandbox = v.object({
  template: v.optional(Template),
  runtime_preset: v.optional(PresetId),
  ports: v.optional(
    v.pipe(
      v.array(PortNumber, 'must be a list of ports'),
      v.minLength(1, 'must name at least one port'),
      v.maxLength(MAX_PORTS, `must name at most ${MAX_PORTS} ports`),
      v.check((ports) => new Set(ports).size === ports.length, 'must not name a port twice'),
    ),
  ),
});

const ProjectField = v.pipe(
  Text,
  v.nonEmpty('must not be empty'),
  v.maxLength(256, 'must be at most 256 characters'),
);

export const NewProjectSandbox = v.object({
  project: v.object({ id: ProjectField, user_id: ProjectField }, 'must be an object with id and user_id'),
  visibility: v.optional(VisibilityField),
  template: v.optional(Template),
  from_snapshot: v.optional(BodyId),
  runtime_preset: v.optional(PresetId),
});

/** Strict: a field that this does not change must not look as if it did. */
export const SandboxPatch = v.strictObject({
  visibility: v.optional(VisibilityField),
  idle_policy: v.optional(v.picklist(['sleep', 'always_on'], 'must be sleep or always_on')),
});

type Choice = {
  runtime_preset?: string | undefined;
  template?: string | undefined;
  ports?: number[] | undefined;
};

/** An explicit preset wins over the app's, and both win over a template. */
function blueprint(choice: Choice, app?: App): SandboxBlueprint {
  const ports = choice.ports ?? [DEFAULT_PORT];
  const preset = choice.runtime_preset ?? app?.preset;
  if (preset === undefined && choice.template !== undefined) return { template: choice.template, ports };
  const id = preset ?? DEFAULT_PRESET;
  return { preset: id, template: findPreset(id)?.template ?? BLANK_TEMPLATE, ports };
}

/** @throws not_found, conflict when a sandbox is live, sandbox_capacity, sandbox_unavailable when it cannot start */
export async function createAppSandbox(
  ports: Ports,
  owner: string,
  appId: string,
  input: v.InferOutput<typeof NewAppSandbox>,
): Promise<Sandbox> {
  const app = await requireApp(ports, owner, appId);
  if (app.currentSandboxId !== undefined) {
    throw new SandboxdError(
      'conflict',
      `The app has a live sandbox already (${app.currentSandboxId}). Start it, or delete it first.`,
    );
  }
  const nodeId = await ports.nodes.place();
  return create(ports, newSandbox(ports, { owner, appId: app.id, nodeId, ...blueprint(input, app) }));
}

/**
 * Idempotent per project: a live one that is not in error is returned as it is.
 * @throws not_found and invalid_request for a snapshot that nothing can be made from, conflict, and what a create does
 */
export async function createProjectSandbox(
  ports: Ports,
  owner: string,
  input: v.InferOutput<typeof NewProjectSandbox>,
): Promise<{ sandbox: Sandbox; created: boolean }> {
  const project = { id: input.project.id, userId: input.project.user_id };
  if (input.template !== undefined && input.from_snapshot !== undefined)
    throw invalid('template, from_snapshot: give one of them; a snapshot brings its own files.');
  const existing = await ports.store.sandboxes.findByProject(owner, project);
  if (existing !== undefined) {
    if (existing.status !== 'error') return { sandbox: existing, created: false };
    throw new SandboxdError(
      'conflict',
      `The project's sandbox (${existing.id}) is in error. Start it to try again, or delete it first.`,
    );
  }
  const made = newSandbox(ports, { owner, project, ...(await projectChoice(ports, owner, input)) });
  try {
    return { sandbox: await create(ports, made), created: true };
  } catch (error) {
    // Two first requests at once: the one that lost answers with what the other made.
    const winner =
      error instanceof SandboxdError && error.code === 'conflict'
        ? await ports.store.sandboxes.findByProject(owner, project)
        : undefined;
    if (winner === undefined) throw error;
    return { sandbox: winner, created: false };
  }
}

type ProjectInput = v.InferOutput<typeof NewProjectSandbox>;

/** What a project's sandbox is made from, and where. An explicit preset wins; a snapshot's dependencies stay its own. */
async function projectChoice(ports: Ports, owner: string, input: ProjectInput) {
  const { visibility } = input;
  if (input.from_snapshot === undefined) {
    const nodeId = await ports.nodes.place();
    return { nodeId, visibility: visibility ?? ('public' as const), ...blueprint(input) };
  }
  const snapshot = await requireReady(ports, owner, input.from_snapshot, 'from_snapshot');
  const nodeId = await ports.nodes.place(holderOf(snapshot));
  const made = madeFrom(snapshot);
  const preset = input.runtime_preset ?? made.preset;
  return { nodeId, ...made, preset, visibility: visibility ?? made.visibility };
}

/** Idempotent. @throws not_found, conflict, sandbox_capacity, node_unavailable (the order stands) */
export const startSandbox = (ports: Ports, owner: string, id: string): Promise<Sandbox> =>
  order(ports, owner, id, 'running');

/** Idempotent. @throws not_found, conflict, task_in_progress, node_unavailable (the order stands) */
export const stopSandbox = (ports: Ports, owner: string, id: string): Promise<Sandbox> =>
  order(ports, owner, id, 'stopped');

async function order(ports: Ports, owner: string, id: string, desired: Desired): Promise<Sandbox> {
  const before = await requireSandbox(ports, owner, id);
  await requireSettled(ports, before);
  await ports.store.commit({ kind: 'sandbox.order', owner, id, desired, at: ports.clock() });
  const sandbox = await requireSandbox(ports, owner, id);
  const { activeTaskId } = sandbox;
  // It is for the store to say, in one step: a task may be submitted in the very moment of a stop.
  if (sandbox.generation === before.generation && activeTaskId !== undefined)
    throw taskInProgress(activeTaskId);
  await carryOut(ports, sandbox);
  return requireSandbox(ports, owner, id);
}

/**
 * Destroys container and workspace, and calls off a restore that is under way. Returns once they are gone, or, when the
 * node is away, once that is ordered.
 * @param alongside changes that belong to the same deletion
 * @throws not_found
 */
export async function deleteSandbox(
  ports: Ports,
  owner: string,
  id: string,
  alongside: readonly Change[] = [],
): Promise<void> {
  const sandbox = await requireSandbox(ports, owner, id);
  const replacement = await replacementOf(ports, sandbox);
  const calledOff = new SandboxdError('conflict', 'It was called off by a deletion.');
  await ports.store.commit(
    ...withdrawalOf(ports, replacement ?? sandbox, calledOff),
    { kind: 'sandbox.order', owner, id: sandbox.id, desired: 'absent', at: ports.clock() },
    ...alongside,
  );
  if (replacement !== undefined) await tidyAway(ports, owner, replacement.id);
  await carryOutDeletion(ports, owner, sandbox.id);
}

/** @throws not_found, conflict, invalid_request when nothing is changed, node_unavailable (the order stands) */
export async function updateSandbox(
  ports: Ports,
  owner: string,
  id: string,
  patch: v.InferOutput<typeof SandboxPatch>,
): Promise<Sandbox> {
  if (Object.keys(patch).length === 0)
    throw invalid('The body changes nothing: give visibility or idle_policy.');
  return changeSandbox(ports, owner, id, { visibility: patch.visibility, idlePolicy: patch.idle_policy });
}

/** Writes down settings of a sandbox and tells its node, which neither wakes nor stops anything for it. */
export async function changeSandbox(
  ports: Ports,
  owner: string,
  id: string,
  set: Extract<Change, { kind: 'sandbox.update' }>['set'],
): Promise<Sandbox> {
  const sandbox = await requireSandbox(ports, owner, id);
  await requireSettled(ports, sandbox);
  await ports.store.commit({ kind: 'sandbox.update', owner, id: sandbox.id, set, at: ports.clock() });
  await carryOut(ports, await requireSandbox(ports, owner, id));
  return requireSandbox(ports, owner, id);
}

import type * as v from 'valibot';
import { invalid, isCode } from './errors.ts';
import { requireOperator } from './operators.ts';
import type { Ports } from './ports.ts';
import { recorded } from './record.ts';
import {
  EDITABLE_SETTINGS,
  lifecycleOf,
  type LifecycleSettings,
  policyOf,
  type SettingsPatch,
} from './settings.ts';

/**
 * Changes what is named and leaves the rest. It is in force here when this returns, and on every node that can be reached; one
 * that is away hears of it with its next sync.
 * @throws forbidden unless an operator asks; invalid_request when nothing is changed
 */
export async function updateSettings(
  ports: Ports,
  owner: string,
  { lifecycle }: v.InferOutput<typeof SettingsPatch>,
): Promise<LifecycleSettings> {
  requireOperator(ports.instance, owner);
  const given = Object.entries(lifecycle).filter(([, value]) => value !== undefined);
  if (given.length === 0)
    throw invalid(`lifecycle: changes nothing. Give one or more of ${EDITABLE_SETTINGS.join(', ')}.`);
  const keys = given.map(([name]) => `lifecycle.${name}`);
  await ports.store.commit(
    { kind: 'settings.lifecycle', set: toSettings(lifecycle), at: ports.clock() },
    recorded(ports, 'settings.updated', {
      owner,
      message: `Settings were changed: ${keys.join(', ')}.`,
      payload: { keys: keys.join(',') },
    }),
  );
  return tellNodes(ports);
}

type Lifecycle = v.InferOutput<typeof SettingsPatch>['lifecycle'];

const toSettings = (given: Lifecycle): Partial<LifecycleSettings> => ({
  ...(given.idle_reap_enabled !== undefined && { idleReapEnabled: given.idle_reap_enabled }),
  ...(given.idle_threshold_seconds !== undefined && { idleThresholdSeconds: given.idle_threshold_seconds }),
  ...(given.keepalive_max_seconds !== undefined && { keepaliveMaxSeconds: given.keepalive_max_seconds }),
});

/** Tells what is in force until nothing has changed meanwhile: of two changes at once, the later one is told last. */
async function tellNodes(ports: Ports): Promise<LifecycleSettings> {
  for (let told = await lifecycleOf(ports); ; ) {
    await Promise.all((await ports.nodes.all()).map((nodeId) => tellNode(ports, nodeId, told)));
    const now = await lifecycleOf(ports);
    if (isSame(now, told)) return now;
    told = now;
  }
}

async function tellNode(ports: Ports, nodeId: string, lifecycle: LifecycleSettings): Promise<void> {
  try {
    await ports.nodes.client(nodeId).setPolicy(policyOf(lifecycle));
  } catch (error) {
    // What was set stands: the answer to every sync says it too.
    if (isCode(error, 'node_unavailable'))
      ports.log.warn('a node that is away hears of settings by sync', { nodeId });
    else
      ports.log.error('a node did not take over settings; its next sync says them again', error, { nodeId });
  }
}

const isSame = (one: LifecycleSettings, other: LifecycleSettings): boolean =>
  one.idleReapEnabled === other.idleReapEnabled &&
  one.idleThresholdSeconds === other.idleThresholdSeconds &&
  one.keepaliveMaxSeconds === other.keepaliveMaxSeconds;

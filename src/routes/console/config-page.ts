import type { App } from '../../domain/app.ts';
import { type ConfigView, listConfig } from '../../domain/config-commands.ts';
import type { Ports } from '../../domain/ports.ts';
import type { ConfigFields, ConfigPage, ConfigProblems, ConfigRow } from '../../views/config-models.ts';
import type { Frame } from '../../views/models.ts';
import { appState } from './app-state.ts';
import type { ConfigForm } from './config-form.ts';
import { policyChoices, WHO } from './config-words.ts';
import type { LiveState } from './live-state.ts';
import { moment } from './relative-time.ts';

/** What was sent and could not be done, to be sent again. */
export interface RefusedConfig {
  readonly form: ConfigForm;
  readonly problems: ConfigProblems;
}

/** The state of what has processes to start anew. */
const RUNS: ReadonlySet<LiveState> = new Set([
  'serving',
  'working',
  'failing',
  'unbuilt',
  'restarting',
  'crashed',
] satisfies LiveState[]);

/** Everything that an app is told beside its files. */
export async function configPage(
  ports: Ports,
  app: App,
  refused?: RefusedConfig,
): Promise<Omit<ConfigPage, keyof Frame>> {
  const [views, { state }] = await Promise.all([listConfig(ports, app.owner, app.id), appState(ports, app)]);
  const canRestart = RUNS.has(state);
  return {
    id: app.id,
    name: app.name,
    rows: views.map((view) => configRow(view, ports.clock())),
    form: { ...fieldsOf(refused), key: refused?.form.key ?? '' },
    canRestart,
    effect: canRestart
      ? 'What runs goes on with what it was started with. A change is there once its processes are restarted.'
      : 'A change is there at the next start.',
  };
}

/** A sensitive value that was sent is not sent back. */
function fieldsOf(refused: RefusedConfig | undefined): ConfigFields {
  if (refused === undefined)
    return { value: '', sensitive: true, policies: policyChoices('runtime_access'), problems: {} };
  const { value, sensitive, policy } = refused.form;
  return {
    value: sensitive ? '' : value,
    sensitive,
    policies: policyChoices(policy),
    problems: refused.problems,
  };
}

export function configRow({ item, value, isUnreadable }: ConfigView, now: number): ConfigRow {
  const { appId, key, sensitive, accessPolicy, updatedAt } = item;
  const at = (page: string) => `/apps/${appId}/config/${page}?key=${encodeURIComponent(key)}`;
  return {
    key,
    who: WHO[accessPolicy],
    sensitive,
    ...(!sensitive && value !== undefined && { value }),
    changed: moment(updatedAt, now),
    isUnreadable,
    isDelivered: accessPolicy !== 'control_plane_only',
    editHref: at('edit'),
    deleteHref: at('delete'),
  };
}

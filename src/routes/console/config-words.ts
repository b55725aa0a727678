import type { AccessPolicy } from '../../domain/config-item.ts';
import { ACCESS_POLICIES } from '../../domain/config-item.ts';
import type { PolicyChoice } from '../../views/config-models.ts';

/** Who is given a value, as people say it. */
export const WHO: Readonly<Record<AccessPolicy, string>> = {
  runtime_access: 'The app',
  agent_access: 'Coding agents',
  both: 'The app and coding agents',
  control_plane_only: 'Nobody in the sandbox',
};

/** What most people come for first. */
const OFFERED: readonly AccessPolicy[] = ['runtime_access', 'agent_access', 'both', 'control_plane_only'];

export const policyChoices = (chosen: AccessPolicy): PolicyChoice[] =>
  OFFERED.map((id) => ({ id, label: WHO[id], chosen: id === chosen }));

/** What was chosen in a form; undefined for what no form offers. */
export const findPolicy = (text: string | null): AccessPolicy | undefined =>
  ACCESS_POLICIES.find((policy) => policy === text);

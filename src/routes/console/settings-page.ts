import { DEFAULT_OWNER, type Principal } from '../../domain/identity.ts';
import { isOperator } from '../../domain/operators.ts';
import { hasPassword } from '../../domain/password-commands.ts';
import type { Instance, Ports } from '../../domain/ports.ts';
import { consoleUrl, previewBase } from '../../domain/preview.ts';
import { lifecycleOf } from '../../domain/settings.ts';
import type { StorageMode } from '../../domain/workspace.ts';
import type { Fact, Frame } from '../../views/models.ts';
import type { PasswordProblems, SettingsPage } from '../../views/settings-models.ts';
import { lifecycleFields, type RefusedLifecycle } from './lifecycle-form.ts';

/** What was sent and could not be done, and what was done just now. */
export interface SettingsOutcome {
  readonly lifecycle?: RefusedLifecycle;
  readonly password?: PasswordProblems;
  readonly note?: string;
}

/** What the page says of what its address says was done. */
const NOTES: Readonly<Record<string, string>> = {
  lifecycle: 'The settings are in force.',
  password: 'The password is set. Sessions elsewhere have ended.',
  sessions: 'Sessions elsewhere have ended.',
};

/** The note that an address asks for; undefined for an address that nothing has led to. */
export const noteOf = (done: string | undefined): string | undefined =>
  done !== undefined && Object.hasOwn(NOTES, done) ? NOTES[done] : undefined;

/** What this installation is like, and what its visitor may change of it. */
export async function settingsPage(
  ports: Ports,
  { owner, via }: Principal,
  { lifecycle, password, note }: SettingsOutcome,
): Promise<Omit<SettingsPage, keyof Frame>> {
  const { instance } = ports;
  const [now, isSet, storage] = await Promise.all([
    lifecycleOf(ports),
    hasPassword(ports),
    instance.storageMode(),
  ]);
  return {
    note,
    lifecycle: lifecycleFields(now, lifecycle),
    canChange: isOperator(instance, owner),
    // Where sign-in is off, nobody is asked for one.
    ...(owner === DEFAULT_OWNER && via !== 'auth-off' && { password: { isSet, problems: password ?? {} } }),
    canEndSessions: via === 'session',
    facts: factsOf(instance, storage),
  };
}

const STORAGE: Readonly<Record<StorageMode, string>> = {
  overlay: 'Prepared dependencies are shared',
  directory: 'Prepared dependencies are copied',
  unknown: 'Not known yet',
};

function factsOf(
  { version, gitCommit, baseImage, addressing, auth, eventRetentionDays }: Instance,
  storage: StorageMode,
): Fact[] {
  return [
    { name: 'Version', value: version, ...(gitCommit !== undefined && { note: gitCommit.slice(0, 12) }) },
    { name: 'Domain', value: addressing.domain },
    { name: 'Console and API', value: consoleUrl(addressing) },
    { name: 'Previews', value: previewBase(addressing) },
    { name: 'Image of sandboxes', value: baseImage },
    { name: 'Workspaces', value: STORAGE[storage], note: storage },
    { name: 'Sign-in', value: auth },
    {
      name: 'Activity is kept',
      value: eventRetentionDays === 0 ? 'for ever' : `for ${eventRetentionDays} days`,
    },
  ];
}

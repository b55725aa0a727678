import type { AdminClient, ServerStatus } from './admin-client.ts';
import { EXIT, Failure } from './failure.ts';

/**
 * @param instead what else can be done, where that is not to start one
 * @throws Failure with exit code 3 when no server is running
 */
export async function requireServer(
  admin: AdminClient,
  instead = 'Start one with "sandboxd up".',
): Promise<ServerStatus> {
  const status = await admin.status();
  if (status !== undefined) return status;
  throw new Failure(`no server is running here. ${instead}`, EXIT.notRunning);
}

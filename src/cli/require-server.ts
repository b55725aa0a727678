import type { AdminClient, ServerStatus } from './admin-client.ts';
import { EXIT, Failure } from './failure.ts';

/** @throws Failure with exit code 3 when no server is running */
export async function requireServer(admin: AdminClient): Promise<ServerStatus> {
  const status = await admin.status();
  if (status !== undefined) return status;
  throw new Failure('no server is running here. Start one with "sandboxd up".', EXIT.notRunning);
}

import type { InstallPlace, InstallStep } from './install-step.ts';
import { nodeInstall } from './node-install.ts';
import { pythonInstall } from './python-install.ts';

/** What an app lacks, in the order in which to get it; empty when everything it asks for is there. */
export async function installPlan(place: InstallPlace): Promise<readonly InstallStep[]> {
  const steps = await Promise.all([nodeInstall(place), pythonInstall(place)]);
  return steps.filter((step) => step !== undefined);
}

import { type Finding, fail, ok, warn } from './check.ts';
import type { MachineFacts } from './facts.ts';

/** Docker 20.10. */
const OLDEST_API = '1.41';
const OVERLAY_DRIVERS = new Set(['overlay2', 'overlayfs']);

export function checkEngine({ engine, canInstall }: MachineFacts): Finding {
  if (engine === undefined) {
    const remedy = canInstall
      ? '"sandboxd up" installs and starts it.'
      : 'Install Docker Engine by your distribution’s way and start it, or run sandboxd as root on Debian or Ubuntu.';
    return fail('Docker engine', 'does not answer', remedy);
  }
  const found = `Docker ${engine.version} (API ${engine.apiVersion})`;
  if (compareVersions(engine.apiVersion, OLDEST_API) >= 0) return ok('Docker engine', found);
  return fail('Docker engine', found, 'It is too old: update it to Docker 20.10 or newer.');
}

export function checkStorage({ engine }: MachineFacts): Finding {
  if (engine === undefined) return warn('Storage driver', 'unknown', 'The engine tells it when it answers.');
  if (OVERLAY_DRIVERS.has(engine.storageDriver)) return ok('Storage driver', engine.storageDriver);
  return warn(
    'Storage driver',
    engine.storageDriver,
    'Sandboxes share prepared dependencies on overlay file systems only, and are copied otherwise: keep Docker’s data on ext4 or xfs and use overlay2.',
  );
}

export function checkFirewall({ hasIptables, canInstall }: MachineFacts): Finding {
  if (hasIptables) return ok('Firewall', 'iptables is installed');
  const remedy = canInstall ? '"sandboxd up" installs it.' : 'Install the package iptables.';
  return fail('Firewall', 'iptables is missing: nothing would keep sandboxes apart', remedy);
}

/** Below, at or above zero, like a sort function; parts are compared as numbers. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((text) => text.split('.').map(Number)) as [number[], number[]];
  for (let at = 0; at < Math.max(left.length, right.length); at += 1) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

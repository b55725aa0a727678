import { type Finding, fail, ok, warn } from './check.ts';
import type { MachineFacts } from './facts.ts';

const GIB = 2 ** 30;
/** Mount options separate layers with ":" and options with ",", and the kernel limits their whole length to a page. */
const MAX_DATA_DIR = 60;
const FORBIDDEN_IN_DATA_DIR = /[:,\\\s]/;

export function checkSystem({ platform, arch }: MachineFacts): Finding {
  const found = `${platform} ${arch}`;
  if (platform === 'linux' && (arch === 'x64' || arch === 'arm64')) return ok('System', found);
  return fail('System', found, 'sandboxd runs on Linux, x64 or arm64. Use such a machine, or a virtual one.');
}

export function checkUser({ isRoot, mayUseEngine }: MachineFacts): Finding {
  if (isRoot) return ok('User', 'root');
  const remedy =
    'Run it as root: workspaces belong to the sandboxes’ own user, and the firewall keeps them apart.';
  return mayUseEngine === true
    ? warn('User', 'not root, but may use the engine', remedy)
    : fail('User', 'neither root nor allowed to use the engine', remedy);
}

export function checkMemory({ memoryBytes }: MachineFacts): Finding {
  const found = `${gib(memoryBytes)} of memory`;
  if (memoryBytes >= 1.8 * GIB) return ok('Memory', found);
  const remedy =
    'A sandbox with a dev server needs about 500 MB, building the image 1 GB. Use a larger machine.';
  return memoryBytes >= 0.9 * GIB ? warn('Memory', found, remedy) : fail('Memory', found, remedy);
}

export function checkDisk({ freeDiskBytes, dataDir }: MachineFacts): Finding {
  const found = `${gib(freeDiskBytes)} free at ${dataDir}`;
  if (freeDiskBytes >= 5 * GIB) return ok('Disk', found);
  const remedy =
    'The base image takes 2 GB, half of it coding agents (SANDBOXD_AGENTS), and every app its own files. Free some space, or set SANDBOXD_DATA_DIR.';
  return freeDiskBytes >= 2 * GIB ? warn('Disk', found, remedy) : fail('Disk', found, remedy);
}

export function checkDataDir({ dataDir, dataDirWritable }: MachineFacts): Finding {
  const refuse = (why: string, remedy: string) => fail('Data directory', `${dataDir} ${why}`, remedy);
  if (!dataDir.startsWith('/'))
    return refuse('is not absolute', 'Set SANDBOXD_DATA_DIR to an absolute path.');
  if (Buffer.byteLength(dataDir) > MAX_DATA_DIR) {
    return refuse(
      `is ${Buffer.byteLength(dataDir)} bytes long`,
      `Set SANDBOXD_DATA_DIR to a path of at most ${MAX_DATA_DIR}: sockets and mounts below it have limits.`,
    );
  }
  if (FORBIDDEN_IN_DATA_DIR.test(dataDir)) {
    return refuse(
      'contains a character that mounts cannot have',
      'Set SANDBOXD_DATA_DIR to a path without ":", ",", "\\" and spaces.',
    );
  }
  if (!dataDirWritable) {
    return refuse('is not writable', 'Set SANDBOXD_DATA_DIR to a directory of this user, or run it as root.');
  }
  return ok('Data directory', dataDir);
}

/** Sandboxes run without it. */
export function checkSnapshots({ bucket }: MachineFacts): Finding {
  if (bucket === undefined) return ok('Snapshots', 'kept in the data directory');
  if (bucket.trouble === undefined) return ok('Snapshots', `kept in the bucket ${bucket.name}`);
  return warn('Snapshots', `the bucket ${bucket.name} cannot be used`, bucket.trouble);
}

export function checkPort({ listen, portState }: MachineFacts): Finding {
  const address = `${listen.host}:${listen.port}`;
  const findings: Record<MachineFacts['portState'], Finding> = {
    free: ok('Port', `${address} is free`),
    ours: ok('Port', `${address} is served by sandboxd`),
    taken: fail(
      'Port',
      `${address} is taken by another program`,
      `End that program ("ss -ltnp sport = :${listen.port}" names it), or set SANDBOXD_LISTEN to another port.`,
    ),
    forbidden: fail(
      'Port',
      `${address} cannot be listened on`,
      'Set SANDBOXD_LISTEN to an address of this machine and, unless you are root, a port above 1023.',
    ),
  };
  return findings[portState];
}

export function checkNames({ unknownNames }: MachineFacts): Finding {
  if (unknownNames.length === 0) return ok('Configuration', 'every SANDBOXD_ variable is known');
  return warn('Configuration', `nobody reads ${unknownNames.join(', ')}`, 'See that these are spelt right.');
}

const gib = (bytes: number): string => `${(bytes / GIB).toFixed(1)} GiB`;

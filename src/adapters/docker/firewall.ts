import { access, readFile, writeFile } from 'node:fs/promises';
import { SandboxdError } from '../../domain/errors.ts';
import { mustRun, runCommand } from '../command.ts';
import type { Names } from './names.ts';

/**
 * Packet filter rules for one bridge: its sandboxes reach the internet, but neither each other, nor the node's own
 * services, nor cloud metadata. (The engine keeps containers apart too, `enable_icc=false`; unless it was told to leave
 * packet filters alone.)
 *
 * The rules live in two chains of our own, replaced as a whole, so that setting them again repairs them and at no moment
 * is there a gap. Works with iptables on nftables and with the legacy one: it is the program the engine uses too.
 */

/** What clouds serve their machines' identities on: link-local, Azure's wire server, Alibaba, Oracle. */
const METADATA = ['169.254.0.0/16', '168.63.129.16/32', '100.100.100.200/32', '192.0.0.192/32'];

interface Family {
  readonly program: 'iptables' | 'ip6tables';
  /** For what goes from the bridge to the node itself. */
  readonly toNode: readonly string[];
  /** For what goes from the bridge elsewhere; with `%bridge` for its name. */
  readonly elsewhere: readonly string[];
}

/** DNS stays open: several clouds serve it on a metadata address, and the engine's resolver asks from inside a sandbox. */
const IPV4: Family = {
  program: 'iptables',
  toNode: ['-m conntrack --ctstate ESTABLISHED,RELATED -j RETURN', '-j REJECT'],
  elsewhere: [
    '-o %bridge -j DROP',
    ...METADATA.flatMap((range) => [
      `-d ${range} -p udp --dport 53 -j RETURN`,
      `-d ${range} -p tcp --dport 53 -j RETURN`,
      `-d ${range} -j REJECT`,
    ]),
  ],
};

/** Sandboxes have no IPv6; nothing is to pass if a kernel gives them a link-local address anyway. */
const IPV6: Family = { program: 'ip6tables', toNode: ['-j DROP'], elsewhere: ['-j DROP'] };

/** Sets the rules, or repairs them. @throws node_unavailable */
export async function shutBridge(names: Names): Promise<void> {
  await filterBridged();
  for (const family of await families()) {
    await replaceChains(family, names);
    // The engine keeps its own rules below DOCKER-USER, also when it restarts.
    const forward = (await succeeds(family, ['-S', 'DOCKER-USER'])) ? 'DOCKER-USER' : 'FORWARD';
    for (const jump of [jumpFrom('INPUT', names), jumpFrom(forward, names)]) {
      if (!(await succeeds(family, ['-C', ...jump]))) await must(family, ['-I', ...jump]);
    }
  }
}

/** Takes every rule away. @throws node_unavailable */
export async function reopenBridge(names: Names): Promise<void> {
  for (const family of await families()) {
    for (const from of ['INPUT', 'DOCKER-USER', 'FORWARD'] as const) {
      const jump = jumpFrom(from, names);
      while (await succeeds(family, ['-C', ...jump])) await must(family, ['-D', ...jump]);
    }
    for (const chain of Object.values(chains(names))) {
      if (!(await succeeds(family, ['-S', chain]))) continue;
      await must(family, ['-F', chain]);
      await must(family, ['-X', chain]);
    }
  }
}

const BRIDGED = '/proc/sys/net/bridge/bridge-nf-call-iptables';

/** Between two containers on one bridge packets pass no filter unless the kernel is told to show them to it. */
async function filterBridged(): Promise<void> {
  try {
    if (!(await exists(BRIDGED))) await mustRun('modprobe', ['br_netfilter']);
    if ((await readFile(BRIDGED, 'utf8')).trim() !== '1') await writeFile(BRIDGED, '1');
  } catch (error) {
    throw filterFailed(error);
  }
}

/** Where a kernel has no IPv6 there is nothing to filter, and ip6tables would fail. */
const families = async (): Promise<Family[]> =>
  (await exists('/proc/net/if_inet6')) ? [IPV4, IPV6] : [IPV4];

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    // The kernel's own files are there or not; nothing else keeps root from them.
    return false;
  }
}

const chains = ({ chainPrefix }: Names) => ({ toNode: `${chainPrefix}-IN`, elsewhere: `${chainPrefix}-FW` });

async function replaceChains(family: Family, names: Names): Promise<void> {
  const { toNode, elsewhere } = chains(names);
  const script = [
    '*filter',
    `:${toNode} - [0:0]`,
    `:${elsewhere} - [0:0]`,
    ...family.toNode.map((rule) => `-A ${toNode} ${rule}`),
    ...family.elsewhere.map((rule) => `-A ${elsewhere} ${rule.replace('%bridge', names.bridge)}`),
    'COMMIT\n',
  ].join('\n');
  const program = `${family.program}-restore`;
  const { exitCode, stderr } = await run(program, ['-w', '10', '--noflush'], script);
  if (exitCode !== 0) throw filterFailed(new Error(`${program} exited with ${exitCode}: ${stderr}`));
}

/** The rule by which packets from the bridge enter our chain. */
function jumpFrom(chain: 'INPUT' | 'FORWARD' | 'DOCKER-USER', names: Names): string[] {
  const { toNode, elsewhere } = chains(names);
  return [chain, '-i', names.bridge, '-j', chain === 'INPUT' ? toNode : elsewhere];
}

async function succeeds({ program }: Family, args: readonly string[]): Promise<boolean> {
  const { exitCode, stderr } = await run(program, ['-w', '10', ...args]);
  // 1 and 2 say that there is no such rule or chain, depending on the version; anything else is trouble.
  if (exitCode === 0 || exitCode === 1 || exitCode === 2) return exitCode === 0;
  throw filterFailed(new Error(`${program} ${args.join(' ')} exited with ${exitCode}: ${stderr}`));
}

async function must({ program }: Family, args: readonly string[]): Promise<void> {
  const { exitCode, stderr } = await run(program, ['-w', '10', ...args]);
  if (exitCode !== 0)
    throw filterFailed(new Error(`${program} ${args.join(' ')} exited with ${exitCode}: ${stderr}`));
}

async function run(program: string, args: readonly string[], input = '') {
  try {
    return await runCommand(program, args, { input });
  } catch (error) {
    throw filterFailed(error);
  }
}

const filterFailed = (cause: unknown) =>
  new SandboxdError(
    'node_unavailable',
    'The sandbox network cannot be shut off from this node: setting its rules failed. Install iptables, and run as root.',
    { cause },
  );

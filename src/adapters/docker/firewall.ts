import { access } from 'node:fs/promises';
import { SandboxdError } from '../../domain/errors.ts';
import { runCommand } from '../command.ts';
import type { Names } from './names.ts';

/**
 * Packet filter rules for one bridge: its sandboxes reach the internet, but neither the node's own services nor cloud
 * metadata. Containers on the bridge are kept apart by the network itself (`enable_icc=false`).
 *
 * The rules live in two chains of our own, replaced as a whole, so that setting them again repairs them and at no moment
 * is there a gap. Works with iptables on nftables and with the legacy one: it is the program the engine uses too.
 */

/** What clouds serve their machines' identities on: link-local, Azure's wire server, Alibaba, Oracle. */
const METADATA = ['169.254.0.0/16', '168.63.129.16/32', '100.100.100.200/32', '192.0.0.192/32'];

interface Family {
  readonly program: 'iptables' | 'ip6tables';
  /** Rules for what goes from the bridge to the node, and from the bridge elsewhere. */
  readonly toNode: readonly string[];
  readonly elsewhere: readonly string[];
}

/** DNS stays open: several clouds serve it on a metadata address, and the engine's resolver asks from inside a sandbox. */
const IPV4: Family = {
  program: 'iptables',
  toNode: ['-m conntrack --ctstate ESTABLISHED,RELATED -j RETURN', '-j REJECT'],
  elsewhere: METADATA.flatMap((range) => [
    `-d ${range} -p udp --dport 53 -j RETURN`,
    `-d ${range} -p tcp --dport 53 -j RETURN`,
    `-d ${range} -j REJECT`,
  ]),
};

/** Sandboxes have no IPv6; nothing is to pass if a kernel gives them a link-local address anyway. */
const IPV6: Family = { program: 'ip6tables', toNode: ['-j DROP'], elsewhere: ['-j DROP'] };

/** Sets the rules, or repairs them. @throws node_unavailable */
export async function shutBridge(names: Names): Promise<void> {
  for (const family of await families()) {
    await replaceChains(family, names);
    for (const jump of await jumps(family, names)) {
      if (!(await succeeds(family, ['-C', ...jump]))) await must(family, ['-I', ...jump]);
    }
  }
}

/** Takes every rule away. @throws node_unavailable */
export async function reopenBridge(names: Names): Promise<void> {
  for (const family of await families()) {
    for (const jump of await jumps(family, names)) {
      while (await succeeds(family, ['-C', ...jump])) await must(family, ['-D', ...jump]);
    }
    for (const chain of Object.values(chains(names))) {
      if (!(await succeeds(family, ['-S', chain]))) continue;
      await must(family, ['-F', chain]);
      await must(family, ['-X', chain]);
    }
  }
}

async function families(): Promise<Family[]> {
  try {
    await access('/proc/net/if_inet6');
    return [IPV4, IPV6];
  } catch {
    // The kernel has no IPv6: there is nothing to filter, and ip6tables would fail.
    return [IPV4];
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
    ...family.elsewhere.map((rule) => `-A ${elsewhere} ${rule}`),
    'COMMIT\n',
  ].join('\n');
  const program = `${family.program}-restore`;
  const { exitCode, stderr } = await run(program, ['-w', '10', '--noflush'], script);
  if (exitCode !== 0) throw filterFailed(new Error(`${program} exited with ${exitCode}: ${stderr}`));
}

/** Where packets enter the chains. The engine keeps its own rules below DOCKER-USER, also when it restarts. */
async function jumps(family: Family, { bridge, ...names }: Names): Promise<string[][]> {
  const { toNode, elsewhere } = chains({ bridge, ...names });
  const forward = (await succeeds(family, ['-S', 'DOCKER-USER'])) ? 'DOCKER-USER' : 'FORWARD';
  return [
    ['INPUT', '-i', bridge, '-j', toNode],
    [forward, '-i', bridge, '-j', elsewhere],
  ];
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
    'The sandbox network cannot be shut off from this node: iptables failed. Install it, and run as root.',
    { cause },
  );

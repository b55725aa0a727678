import type { Readable } from 'node:stream';
import type Docker from 'dockerode';
import { readMessages } from '../../../images/engine-build.ts';

/** Gets an image from its registry. @throws what the engine says, also when it fails halfway with its status sent */
export async function pullImage(docker: Docker, tag: string, abortSignal: AbortSignal): Promise<void> {
  const messages = (await docker.pull(tag, { abortSignal })) as Readable;
  for await (const { error } of readMessages(messages)) {
    if (error !== undefined) throw new Error(error);
  }
}

/** What the engine says of a pull that fails, beside its status; other engines and registries use other words. */
const REASONS: readonly (readonly [RegExp, string])[] = [
  [/invalid reference/i, 'that is not a name an image can have'],
  [
    /denied|unauthorized|forbidden|authentication required/i,
    'its registry has no such image, or denies access',
  ],
  [/no matching manifest|no match for platform/i, 'its registry has it for other processors only'],
  [/manifest unknown|not found/i, 'its registry has no such image'],
  [/no space left/i, 'no room is left on the disk'],
  [
    /no such host|dial |lookup |timeout|deadline|canceled|refused|unreachable|reset|x509|tls|certificate|EOF/i,
    'its registry cannot be reached',
  ],
];

/** Why an image could not be pulled, for people. The engine's own words name its host's network: never shown. */
export function pullFailure(thrown: unknown): string {
  const said = thrown instanceof Error ? thrown.message : '';
  const known = REASONS.find(([pattern]) => pattern.test(said));
  return known?.[1] ?? 'the engine refused it, and "docker pull" tells why';
}

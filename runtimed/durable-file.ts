import { constants } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;

/**
 * Puts a file in its place whole and on disk: after a crash there is the old one or the new one. Whatever else lies
 * there is replaced, never written through.
 * @param directory held open, or nobody else's to replace
 * @throws the system's error; the old file is still there then
 */
export async function writeDurably(
  directory: string,
  name: string,
  content: string | Uint8Array,
): Promise<void> {
  const [unfinished, target] = [`${directory}/${name}.new`, `${directory}/${name}`];
  await rm(unfinished, { recursive: true, force: true });
  try {
    await using file = await open(unfinished, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    await file.writeFile(content);
    await file.sync();
    await rename(unfinished, target).catch(async () => {
      // A directory in its place; anything else would have made way.
      await rm(target, { recursive: true, force: true });
      await rename(unfinished, target);
    });
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
  await using parent = await open(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  await parent.sync();
}

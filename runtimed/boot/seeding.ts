import { constants } from 'node:fs';
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Logger } from '../../src/domain/log.ts';
import { MANIFEST_FILE, presetManifest } from '../../src/domain/manifest.ts';
import { APP_DIRECTORY, RESERVED_DIRECTORY } from '../../src/domain/paths.ts';
import type { RuntimeOptions } from '../options.ts';
import { errnoOf } from '../regular-file.ts';
import { readPackage } from './app-package.ts';
import { copyTree } from './copy-tree.ts';
import { FirstBoot, type SeedDecision } from './first-boot.ts';
import type { Seed } from './seed-plan.ts';

const CREATE_ONLY = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;

/**
 * Fills a new home: skeleton, template, `sandbox.yaml`. Once in its life, and nothing is ever overwritten. What cannot
 * be copied is logged and tried again by the next boot; this one goes on with what there is.
 */
export async function seedHome(options: RuntimeOptions, seed: Seed, logger: Logger): Promise<void> {
  const app = join(options.home, APP_DIRECTORY);
  try {
    const firstBoot = new FirstBoot(options.home);
    const decision = await firstBoot.pending(seed);
    await mkdir(app, { recursive: true });
    if (decision === undefined) return;
    if (seed.unknownPreset !== undefined) {
      logger.warn('unknown preset, using the default one', { preset: seed.unknownPreset });
    }
    await copyParts(options, decision, logger);
    await writeManifest(app, seed);
    await firstBoot.complete();
    logger.info('home seeded', { ...decision });
  } catch (error) {
    logger.error('home not seeded', error);
  }
}

async function copyParts(options: RuntimeOptions, decision: SeedDecision, logger: Logger): Promise<void> {
  const { home, skeleton, templates } = options;
  const aside = join(home, RESERVED_DIRECTORY, 'seeding');
  if (decision.skeleton) await copyIfThere(skeleton, home, aside);
  if (decision.template === undefined) return;
  const isThere = await copyIfThere(
    join(templates, basename(decision.template)),
    join(home, APP_DIRECTORY),
    aside,
  );
  if (!isThere)
    logger.warn('the image has no such template, the app starts empty', { template: decision.template });
}

/** @returns whether there was anything to copy */
async function copyIfThere(from: string, to: string, aside: string): Promise<boolean> {
  if (!(await isDirectory(from))) return false;
  await copyTree(from, to, aside);
  return true;
}

async function writeManifest(app: string, { preset }: Seed): Promise<void> {
  if (preset === undefined) return;
  const text = presetManifest(preset, (await readPackage(app))?.packageManager);
  try {
    await writeFile(join(app, MANIFEST_FILE), text, { flag: CREATE_ONLY });
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
}

const isDirectory = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );

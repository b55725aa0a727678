import type { Command } from '../command.ts';
import { EXIT } from '../failure.ts';

export const imageBuild: Command = {
  name: 'image build',
  summary: 'Build the base image where it is missing, and print its reference',
  usage: '[--json]',
  help: `
The reference names exactly what this version of sandboxd makes the image from: it changes with that,
and an image that is there is found at once. An image of your own begins with it; docs/base-image.md
tells how.`,
  options: { json: { type: 'boolean' } },
  async run(context, { json }) {
    // Knows the engine's client, which no other command should wait for.
    const { requireEngine } = await import('../prepare/engine.ts');
    const { ensureBase } = await import('../prepare/image.ts');
    const { tag, id } = await ensureBase({ ...context, docker: await requireEngine(context) });
    context.terminal.print(json === true ? JSON.stringify({ reference: tag, id }) : tag);
    return EXIT.ok;
  },
};

import type { Command } from '../command.ts';
import { EXIT, Failure } from '../failure.ts';

export const imageVerify: Command = {
  name: 'image verify',
  summary: 'Check an image against the base-image contract',
  usage: 'REFERENCE [--json]',
  help: `
Runs the image as sandboxes are run, without a network, and names every clause of docs/base-image.md
that it breaks. An image that is not on this machine is pulled. "sandboxd up" does the same, once for
each image.
Exit code: 0 when the image is fit, 1 otherwise.`,
  options: { json: { type: 'boolean' } },
  words: 1,
  async run({ terminal, config, signal }, { json }, [reference = '']) {
    // Knows the engine's client, which no other command should wait for.
    const { requireEngine } = await import('../prepare/engine.ts');
    const { findOrPull } = await import('../prepare/image.ts');
    const { describeFaults } = await import('../../../images/verify/fault.ts');
    const { verifyImage } = await import('../../../images/verify/verify.ts');
    const docker = await requireEngine({ terminal, config, signal });
    const { id } = await findOrPull(reference, { docker, terminal, signal });
    const faults = await verifyImage(docker, id, signal);
    const fit = faults.length === 0;
    if (json === true) terminal.print(JSON.stringify({ ok: fit, reference, id, faults }));
    else if (fit) terminal.print(`The image ${reference} is fit.`);
    else throw new Failure(describeFaults(reference, faults));
    return fit ? EXIT.ok : EXIT.failed;
  },
};

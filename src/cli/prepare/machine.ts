import type { CommandContext } from '../command.ts';
import { describeFinding, examineMachine } from '../doctor/examine.ts';
import { gatherFacts } from '../doctor/gather.ts';
import { Failure } from '../failure.ts';
import { requireEngine } from './engine.ts';
import { prepareImage } from './image.ts';

/**
 * Everything a server needs on this machine: a fit machine, an engine that answers, and an image that is fit.
 * @param yes install without asking
 * @throws Failure with what to do when something stands in the way
 */
export async function prepareMachine(context: CommandContext, yes: boolean): Promise<void> {
  const { config, terminal } = context;
  const findings = examineMachine(await gatherFacts(config, false)).filter(({ level }) => level !== 'ok');
  for (const finding of findings) terminal.note(describeFinding(finding));
  if (findings.some(({ level }) => level === 'fail')) {
    throw new Failure('this machine cannot run it yet. Do what the lines above say and try again.');
  }
  await prepareImage({ ...context, docker: await requireEngine(context, yes) });
}

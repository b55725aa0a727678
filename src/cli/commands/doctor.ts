import type { Command } from '../command.ts';
import { describeFinding, examineAll } from '../doctor/examine.ts';
import { EXIT } from '../failure.ts';

export const doctor: Command = {
  name: 'doctor',
  summary: 'Look whether this machine can run sandboxd',
  usage: '[--json]',
  help: `
Changes nothing. Every finding that is not well comes with a remedy.
Exit code: 0 when nothing stands in the way (warnings do not), 1 otherwise.`,
  options: { json: { type: 'boolean' } },
  async run({ config, admin, terminal }, { json }) {
    // Knows the engine's client, which no other command should wait for.
    const { gatherFacts } = await import('../doctor/gather.ts');
    const running = (await admin.status()) !== undefined;
    const findings = examineAll(await gatherFacts(config, running));
    const fit = findings.every(({ level }) => level !== 'fail');
    terminal.print(
      json === true ? JSON.stringify({ ok: fit, findings }) : findings.map(describeFinding).join('\n'),
    );
    return fit ? EXIT.ok : EXIT.failed;
  },
};

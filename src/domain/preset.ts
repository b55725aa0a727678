/** A preset = template + `sandbox.yaml` + needed capabilities. This is the one registry. */
export interface Preset {
  readonly id: string;
  readonly label: string;
  readonly description: string;
  readonly template?: string;
  readonly capabilities: readonly string[];
  /** The `sandbox.yaml` written on first boot where none exists. */
  readonly manifest: string;
}

export const DEFAULT_PRESET = 'react-vite';
/** An empty workspace: no template files, no prepared dependencies. */
export const BLANK_TEMPLATE = 'blank';

export const PRESETS: readonly Preset[] = [
  {
    id: 'react-vite',
    label: 'React + Vite',
    description: 'A React and TypeScript single-page app with instant hot reload.',
    template: 'react-standard',
    capabilities: ['node', 'pnpm'],
    manifest: `version: 1
web:
  command: pnpm dev
  port: 3000
build:
  command: pnpm build
`,
  },
  {
    id: 'worker',
    label: 'Background worker',
    description: 'A long-running script without a web page: bots, schedulers, queue consumers.',
    template: 'worker',
    capabilities: ['bash'],
    manifest: `version: 1
build:
  command: ""
workers:
  - name: worker
    command: bash worker.sh
    restart_after_task: true
`,
  },
];

const byId = new Map(PRESETS.map((preset) => [preset.id, preset]));

export const findPreset = (id: string): Preset | undefined => byId.get(id);

/** Every template a preset uses, each once. */
export const TEMPLATES: readonly string[] = [
  ...new Set(PRESETS.flatMap((preset) => (preset.template === undefined ? [] : [preset.template]))),
];

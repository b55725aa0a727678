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
    id: 'nextjs',
    label: 'Next.js',
    description: 'A full-stack React app: pages rendered on the server, API routes beside them.',
    template: 'nextjs',
    capabilities: ['node', 'pnpm'],
    // What an earlier server, or an agent's own build, has left would be served in part.
    manifest: `version: 1
web:
  command: rm -rf .next && pnpm dev
  port: 3000
  restart_after_task: true
build:
  command: ""
`,
  },
  {
    id: 'node-express',
    label: 'Node.js + Express',
    description: 'An HTTP API in JavaScript, with a few static pages in front of it.',
    template: 'node-express',
    capabilities: ['node', 'pnpm'],
    manifest: `version: 1
web:
  command: node server.js
  port: 3000
  health_path: /health
  restart_after_task: true
build:
  command: ""
`,
  },
  {
    id: 'fastapi',
    label: 'Python + FastAPI',
    description: 'An HTTP API in Python that describes itself, and reloads as it is edited.',
    template: 'fastapi',
    capabilities: ['python'],
    // uvicorn's reloader does not see a change that comes within a quarter of a second of a start, its own included.
    manifest: `version: 1
web:
  command: >-
    .venv/bin/python -m uvicorn app.main:app
    --host 0.0.0.0 --port 3000 --reload --reload-dir app
  port: 3000
  health_path: /health
  restart_after_task: true
build:
  command: ""
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

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { visitUntil } from '../harness/http.ts';
import { Installation } from '../harness/installation.ts';

/** From a visit of a sandbox without dependencies to its page: they come from the registry. */
const HEAL_LIMIT_MS = 90_000;

let site: Installation;

beforeAll(async () => {
  site = await Installation.make();
  await site.up();
});
afterAll(() => site?.[Symbol.asyncDispose]());

/** A sandbox, and what can be done with it. */
async function newSandbox(template: string) {
  const body = { project: { id: randomUUID(), user_id: 'tests' }, template };
  const { id, preview } = await site.json<{ id: string; preview: { url: string } }>(
    'POST',
    '/v1/sandboxes',
    body,
  );
  return {
    preview: preview.url,
    /** @returns what it prints. @throws with its errors when it fails */
    run: async (script: string): Promise<string> => {
      const body = { cmd: ['bash', '-lc', script], timeout_s: 90 };
      const answer = await site.json<{ exit_code: number; stdout: string; stderr: string }>(
        'POST',
        `/v1/sandboxes/${id}/exec`,
        body,
      );
      if (answer.exit_code !== 0) throw new Error(`${script}: ${answer.stdout}${answer.stderr}`);
      return answer.stdout;
    },
    write: (path: string, body: string) =>
      site.api('PUT', `/v1/sandboxes/${id}/files?path=${encodeURIComponent(path)}`, { body }),
    /** Starts it anew, by a visit. */
    restart: async (): Promise<string> => {
      await site.json('POST', `/v1/sandboxes/${id}/stop`);
      const { status, text } = await visitUntil(200, preview.url, HEAL_LIMIT_MS);
      expect(status).toBe(200);
      return text;
    },
    remove: () => site.json('DELETE', `/v1/sandboxes/${id}`),
  };
}

type TestSandbox = Awaited<ReturnType<typeof newSandbox>>;

async function inSandbox(template: string, use: (sandbox: TestSandbox) => Promise<void>): Promise<void> {
  const sandbox = await newSandbox(template);
  try {
    await use(sandbox);
  } finally {
    await sandbox.remove();
  }
}

describe('an app on its prepared dependencies', () => {
  it('takes an installation from nothing, another package, and heals when all are gone', async () => {
    await inSandbox('react-standard', async ({ preview, restart, run }) => {
      expect((await visitUntil(200, preview, HEAL_LIMIT_MS)).text).toContain('/src/main.tsx');

      await run('rm -rf node_modules && pnpm install');
      expect(await run('pnpm exec vite --version')).toContain('vite/');

      await run('pnpm add is-number@7.0.0');
      expect(await run(`node -p "require('is-number')(7)"`)).toBe('true\n');

      await run('rm -rf node_modules');
      expect(await restart()).toContain('/src/main.tsx');
      expect(await run(`node -p "require('is-number')(7)"`)).toBe('true\n');
      expect((await visitUntil(200, `${preview}/src/main.tsx`, HEAL_LIMIT_MS)).status).toBe(200);
    });
  });
});

interface Manager {
  /** As `packageManager` in `package.json` has it. */
  readonly pin: string;
  /** More files of the app, by path. */
  readonly files?: Readonly<Record<string, string>>;
  /** Adds a package at an exact version. */
  readonly add: string;
  readonly lockFile: string;
  /** What this package manager alone leaves behind. */
  readonly trace: string;
}

const MANAGERS: readonly Manager[] = [
  {
    pin: 'npm@11.0.0',
    add: 'npm install',
    lockFile: 'package-lock.json',
    trace: 'node_modules/.package-lock.json',
  },
  { pin: 'pnpm@10.0.0', add: 'pnpm add', lockFile: 'pnpm-lock.yaml', trace: 'node_modules/.modules.yaml' },
  { pin: 'yarn@1.22.19', add: 'yarn add', lockFile: 'yarn.lock', trace: 'node_modules/.yarn-integrity' },
  { pin: 'yarn@4.9.1', add: 'yarn add', lockFile: 'yarn.lock', trace: '.pnp.cjs' },
  {
    pin: 'yarn@4.9.1',
    files: { '.yarnrc.yml': 'nodeLinker: node-modules\n' },
    add: 'yarn add',
    lockFile: 'yarn.lock',
    trace: 'node_modules/.yarn-state.yml',
  },
  { pin: 'bun@1.2.0', add: 'bun add', lockFile: 'bun.lock', trace: 'node_modules/is-number' },
];

const SERVER = `
const { createServer } = require('node:http');
const isNumber = require('is-number');
createServer((_, answer) => answer.end('seven is a number: ' + isNumber(7))).listen(process.env.PORT);
`;

describe('an app that pins its package manager', () => {
  it.each(MANAGERS)('adds with $pin, and heals with it', async ({ pin, files, add, lockFile, trace }) => {
    await inSandbox('blank', async ({ restart, run, write }) => {
      const manifest = { private: true, packageManager: pin, scripts: { dev: 'node server.js' } };
      const all = { 'package.json': JSON.stringify(manifest), 'server.js': SERVER, ...files };
      for (const [path, content] of Object.entries(all)) await write(path, content);

      await run(`${add} is-number@7.0.0`);
      const locked = await run(`cat ${lockFile}`);
      expect(locked).toContain('is-number');

      await run('rm -rf node_modules');
      expect(await restart()).toBe('seven is a number: true');
      await run(`test -e ${trace}`);
      expect(await run(`cat ${lockFile}`)).toBe(locked);
    });
  });
});

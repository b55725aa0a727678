import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { describe, expect, it } from 'vitest';
import { createApp } from '../../src/app.ts';
import { proxiedPeer } from '../../src/routes/peer.ts';

interface Document {
  paths: Record<string, Record<string, { operationId?: string; responses: Record<string, unknown> }>>;
}

/** The contract's own list, for what is built: a route that vanishes from code and document alike is missed here. */
const CONTRACT = `
GET /healthz
GET /readyz
GET /metrics
GET /v1/openapi.json
GET /v1/settings
PATCH /v1/settings
GET /v1/events
GET /v1/presets
POST /v1/runtime/manifest/validate
GET /v1/apps
POST /v1/apps
GET /v1/apps/{id}
PATCH /v1/apps/{id}
DELETE /v1/apps/{id}
POST /v1/apps/{id}/sandbox
GET /v1/apps/{id}/events
GET /v1/apps/{id}/snapshots
POST /v1/apps/{id}/restore
POST /v1/apps/{id}/fork
GET /v1/snapshots
POST /v1/snapshots
GET /v1/snapshots/{id}
DELETE /v1/snapshots/{id}
GET /v1/sandboxes
POST /v1/sandboxes
GET /v1/sandboxes/{id}
PATCH /v1/sandboxes/{id}
DELETE /v1/sandboxes/{id}
POST /v1/sandboxes/{id}/start
POST /v1/sandboxes/{id}/stop
POST /v1/sandboxes/{id}/keepalive
POST /v1/sandboxes/{id}/restart-processes
POST /v1/sandboxes/{id}/preview-link
POST /v1/sandboxes/{id}/exec
POST /v1/sandboxes/{id}/tasks
GET /v1/sandboxes/{id}/tasks
GET /v1/sandboxes/{id}/tasks/{taskId}
GET /v1/sandboxes/{id}/tasks/{taskId}/events
GET /v1/sandboxes/{id}/tasks/{taskId}/log
GET /v1/sandboxes/{id}/tasks/{taskId}/diff
POST /v1/sandboxes/{id}/tasks/{taskId}/cancel
POST /v1/sandboxes/{id}/tasks/{taskId}/revert
GET /v1/tasks/{id}/events
GET /v1/api-keys
POST /v1/api-keys
DELETE /v1/api-keys/{id}
GET /v1/auth/status
POST /v1/auth/setup
POST /v1/auth/login
POST /v1/auth/logout
POST /v1/auth/password
GET /v1/agents
POST /v1/agents/{provider}/api-key
POST /v1/agents/{provider}/disconnect
GET /v1/webhooks
POST /v1/webhooks
GET /v1/webhooks/{id}
PATCH /v1/webhooks/{id}
DELETE /v1/webhooks/{id}
POST /v1/webhooks/{id}/rotate-secret
POST /v1/webhooks/{id}/test
GET /v1/webhooks/{id}/deliveries
POST /v1/webhooks/{id}/deliveries/{eventId}/retry
GET /v1/sandboxes/{id}/files
PUT /v1/sandboxes/{id}/files
DELETE /v1/sandboxes/{id}/files
GET /v1/sandboxes/{id}/files/content
GET /v1/sandboxes/{id}/processes/{name}/logs
`
  .trim()
  .split('\n');

const document = parse(
  await readFile(new URL('../../docs/openapi.yaml', import.meta.url), 'utf8'),
) as Document;

const documented = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
);

const served = new Set(
  createApp(() => Promise.reject(new Error('no request is made')), proxiedPeer)
    .routes.filter(({ method, path }) => method !== 'ALL' && /^\/(v1\/|healthz|readyz|metrics)/.test(path))
    .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}').replace(/(.)\/$/, '$1')}`),
);

describe('the OpenAPI document', () => {
  it('describes every route that is served', () => {
    expect([...served].filter((route) => !documented.includes(route))).toEqual([]);
  });

  it('describes no route that nothing serves', () => {
    expect(documented.filter((route) => !served.has(route))).toEqual([]);
  });

  it('still holds every route of the contract', () => {
    expect(CONTRACT.filter((route) => !documented.includes(route))).toEqual([]);
  });

  it('gives every operation an id of its own and an answer', () => {
    const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));
    const ids = operations.map((operation) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).not.toContain(undefined);
    expect(
      operations.filter(({ responses }) => !Object.keys(responses).some((code) => code.startsWith('2'))),
    ).toEqual([]);
  });
});

import { CONFIGURED_TOKEN, PASSWORD, PROVIDER_KEY, VALUES } from './planted.ts';
import type { Journey } from './journey.ts';

type Mistake = readonly [method: string, path: string, body?: unknown, headers?: Record<string, string>];

const { RUNTIME_KEY: value, BOTH_KEY: lines, HIDDEN_KEY: hidden } = VALUES;
const inUrl = encodeURIComponent(value);

/** Requests of people who mean well: a secret stands where none belongs, or does not get where it should. */
function mistakesWith({ app, sandbox }: Journey): Mistake[] {
  const config = `/v1/apps/${app}/config`;
  const at = `/v1/sandboxes/${sandbox}`;
  return [
    // Where the value of an item is right, and the rest is not.
    ['POST', config, `{"key":"A","value":${JSON.stringify(value)}`],
    ['POST', config, `{"key":"A","value":"${value}"}`],
    ['POST', config, { key: 'A', value: { value }, access_policy: 'both' }],
    ['POST', config, { key: 'A', value, access_policy: 'everybody' }],
    ['POST', config, { key: 'A', value, sensitive: 'yes' }],
    ['POST', config, { key: 'A=B', value, access_policy: 'both' }],
    ['POST', config, { key: '', value }],
    ['POST', config, { key: 'RUNTIME_KEY', value: lines }],
    ['POST', config, { key: 'A', value: `${value}${'x'.repeat(70_000)}` }],
    ['POST', config, { key: 'A', value: `${value}${'x'.repeat(2_000_000)}` }],
    ['POST', config, { key: 'A', value: `${value}\0` }],
    ['PATCH', `${config}/NOBODYS`, { value }],
    ['PATCH', `${config}/RUNTIME_KEY`, { value: [value] }],
    ['PATCH', `${config}/RUNTIME_KEY`, { val: value }],
    // Where no value belongs.
    ['POST', config, { key: 'A', value: 'x', access_policy: value }],
    ['POST', config, { key: 'A', value: 'x', sensitive: value }],
    ['POST', config, { key: 'A', value: 'x', token: value }],
    ['POST', '/v1/apps', { name: 7, tags: [value, 7], secret: hidden }],
    ['POST', '/v1/apps', { name: 'A', runtime_preset: value }],
    ['POST', '/v1/apps', [value]],
    ['PATCH', '/v1/settings', { [value]: 1 }],
    ['PATCH', '/v1/settings', { lifecycle: { idle_threshold_seconds: value } }],
    ['PATCH', at, { visibility: value }],
    ['PATCH', at, { [hidden]: lines }],
    ['POST', `${at}/tasks`, { prompt: 'x', agent: value }],
    ['POST', `${at}/tasks`, { prompt: 7, model: value }],
    ['POST', `${at}/exec`, { cmd: value }],
    ['POST', `${at}/exec`, { cmd: ['true'], env: { [value]: 'x' } }],
    ['POST', `${at}/keepalive`, { until: value }],
    ['POST', `${at}/preview-link`, { port: value }],
    ['POST', '/v1/runtime/manifest/validate', { manifest: `version: 1\nweb: ${JSON.stringify(value)}\n` }],
    ['POST', '/v1/runtime/manifest/validate', { manifest: `version: 1\n${JSON.stringify(value)}: {` }],
    ['POST', '/v1/snapshots', { source_sandbox_id: value, name: 'x' }],
    ['POST', '/v1/webhooks', { url: `https://me:${encodeURIComponent(hidden)}@example.test/` }],
    ['POST', '/v1/webhooks', { url: value }],
    ['POST', '/v1/webhooks', { url: 'https://example.test/', event_types: [value] }],
    ['POST', '/v1/api-keys', { name: 7, expires_at: value }],
    ['POST', '/v1/agents/nobody/api-key', { api_key: PROVIDER_KEY }],
    ['POST', '/v1/agents/anthropic/api-key', { api_key: [PROVIDER_KEY] }],
    ['POST', '/v1/agents/anthropic/api-key', { key: PROVIDER_KEY }],
    ['POST', '/v1/agents/anthropic/api-key', `{"api_key":"${PROVIDER_KEY}`],
    ['POST', `/v1/agents/${encodeURIComponent(PROVIDER_KEY)}/disconnect`],
    ['POST', '/v1/auth/login', { password: `${PASSWORD}x` }],
    ['POST', '/v1/auth/login', { password: [PASSWORD] }],
    ['POST', '/v1/auth/login', PASSWORD],
    ['POST', '/v1/auth/setup', { password: PASSWORD }],
    ['POST', '/v1/auth/password', { current_password: PASSWORD, new_password: 'short' }],
    ['POST', '/v1/auth/password', { current_password: PASSWORD }],
    // In paths, queries and headers.
    ['GET', `/v1/apps/${inUrl}`],
    ['DELETE', `/v1/apps/${inUrl}`],
    ['DELETE', `${config}/${inUrl}`],
    ['PATCH', `${config}/${inUrl}`, { value }],
    ['POST', `/v1/nowhere/${inUrl}`, { value }],
    ['GET', `/nowhere/${inUrl}?token=${inUrl}`],
    ['GET', `/v1/events?type=${inUrl}`],
    ['GET', `/v1/events?before=${inUrl}&limit=${inUrl}`],
    ['GET', `/v1/audit?owner=${inUrl}&before=${inUrl}`],
    ['GET', `${at}/processes/${inUrl}/logs`],
    ['GET', `${at}/files/content?path=${inUrl}`],
    ['GET', `${at}/files?path=../${inUrl}`],
    ['DELETE', `${at}/files?path=${inUrl}`],
    ['GET', '/v1/apps', undefined, { authorization: `Bearer ${CONFIGURED_TOKEN}x` }],
    [
      'GET',
      '/v1/apps',
      undefined,
      { authorization: `Basic ${Buffer.from(`me:${PASSWORD}`).toString('base64')}` },
    ],
    ['GET', '/v1/apps', undefined, { 'x-request-id': inUrl, cookie: `session=${inUrl}` }],
    ['POST', '/v1/apps', { name: 'A' }, { 'idempotency-key': value.replaceAll(/[^ -~]/g, '') + '\t' }],
    ['GET', '/metrics'],
  ];
}

/** Makes all of them. @returns what they were answered with */
export async function makeMistakes(journey: Journey): Promise<number[]> {
  const statuses: number[] = [];
  for (const [method, path, body, headers] of mistakesWith(journey)) {
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    const answer = await journey.site.api(method, path, { body: text, ...(headers && { headers }) });
    statuses.push(answer.status);
  }
  return statuses;
}

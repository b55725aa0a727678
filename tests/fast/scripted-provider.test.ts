import { describe, expect, test } from 'vitest';
import { changing } from '../doubles/provider/script.ts';
import { REPORTED_USAGE } from '../doubles/provider/wire.ts';
import { type ScriptedProvider, startScriptedProvider } from '../doubles/scripted-provider.ts';

const KEY = 'test-key-not-real';

/** How a client of each dialect asks for `prompt`, with a tool to run commands and `results` uses of it behind it. */
const DIALECTS = {
  '/v1/chat/completions': (prompt: string, results = 0) => ({
    tools: [{ type: 'function', function: { name: 'bash' } }],
    messages: [
      { role: 'system', content: 'Working directory: /app' },
      { role: 'user', content: prompt },
      ...Array.from({ length: results }, () => ({ role: 'tool', content: 'done' })),
    ],
  }),
  '/v1/responses': (prompt: string, results = 0) => ({
    tools: [{ type: 'function', name: 'exec_command' }],
    input: [
      { type: 'message', role: 'user', content: [{ type: 'input_text', text: '<cwd>/app</cwd>' }] },
      { type: 'message', role: 'user', content: [{ type: 'input_text', text: prompt }] },
      ...Array.from({ length: results }, () => ({ type: 'function_call_output', output: 'done' })),
    ],
  }),
  '/v1/messages': (prompt: string, results = 0) => ({
    tools: [{ name: 'Bash' }],
    system: 'Primary working directory: /app',
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: '<system-reminder/>' },
          { type: 'text', text: prompt },
        ],
      },
      ...Array.from({ length: results }, () => ({ role: 'user', content: [{ type: 'tool_result' }] })),
    ],
  }),
} as const;

type Path = keyof typeof DIALECTS;
const PATHS = Object.keys(DIALECTS) as Path[];

const ask = (url: string, body: object, headers: Record<string, string> = {}) =>
  fetch(url, { method: 'POST', body: JSON.stringify({ model: 'm', ...body }), headers });

const askFor = (provider: ScriptedProvider, scenario: string, path: Path, body: object) =>
  ask(`${provider.urlOf(scenario)}${path}`, body);

describe.each(PATHS)('%s', (path) => {
  const request = DIALECTS[path];

  test('whole and streamed it wants a command run, and then is done', async () => {
    await using provider = await startScriptedProvider({ command: 'make all' });
    for (const stream of [false, true]) {
      const first = await askFor(provider, 'bash', path, { stream, ...request('Go') });
      expect(first.headers.get('content-type')).toBe(stream ? 'text/event-stream' : 'application/json');
      expect(await first.text()).toContain('make all');
      const last = await (await askFor(provider, 'bash', path, { stream, ...request('Go', 1) })).text();
      expect(last).toContain('It ran.');
      expect(last).not.toContain('make all');
    }
    expect(provider.usage().output).toBe(4 * REPORTED_USAGE.output);
  });

  test('follows its script step by step, with the tools it is offered', async () => {
    await using provider = await startScriptedProvider({ ok: changing('src/App.tsx', 'old', 'new') });
    const steps = [];
    for (let results = 0; results < 4; results += 1) {
      steps.push(await (await askFor(provider, 'ok', path, request('Go', results))).text());
    }
    expect(steps[0]).toContain('cat src/App.tsx');
    expect(steps[1]).toContain('*** Update File: src/App.tsx');
    expect(steps[2]).toContain('cat src/App.tsx');
    expect(steps[3]).toContain('Done: src/App.tsx is changed.');
  });

  test('remembers what was asked first', async () => {
    await using provider = await startScriptedProvider();
    const first = request('The word is tangerine.');
    const second = request('Which word?');
    const both = Object.fromEntries(
      Object.entries(first).map(([name, value]) => [
        name,
        name === 'messages' || name === 'input'
          ? (value as unknown[]).concat(Reflect.get(second, name))
          : value,
      ]),
    );
    expect(await (await askFor(provider, 'remember', path, first)).text()).toContain('I remember nothing.');
    expect(await (await askFor(provider, 'remember', path, both)).text()).toContain(
      'I remember: The word is tangerine.',
    );
  });

  test.each([
    ['401', 401],
    ['402', 402],
    ['403', 403],
    ['404', 404],
    ['429', 429],
    ['429-quota', 429],
    ['500', 500],
    ['529', 529],
  ])('turns requests away: %s', async (scenario, status) => {
    await using provider = await startScriptedProvider();
    const response = await askFor(provider, scenario, path, request('Go'));
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ error: { message: expect.any(String) } });
    expect(provider.usage().input).toBe(0);
  });

  test('a stream stalls after its first words', async () => {
    await using provider = await startScriptedProvider();
    const body = { stream: true, ...request('Go') };
    const { body: stream } = await askFor(provider, 'stall', path, body);
    let text = '';
    const decoder = new TextDecoder();
    for await (const chunk of stream as unknown as AsyncIterable<Uint8Array>) {
      text += decoder.decode(chunk, { stream: true });
      if (text.includes('file.')) break;
    }
    expect(text).not.toContain('hello.txt');
    await expect.poll(() => provider.requests[0]?.aborted).toBe(true);
  });

  test('a connection is dropped without an answer', async () => {
    await using provider = await startScriptedProvider();
    await expect(askFor(provider, 'drop', path, request('Go'))).rejects.toThrow('fetch failed');
    expect(provider.requests).toMatchObject([{ scenario: 'drop', status: undefined }]);
  });
});

test('a request is left hanging until its client leaves', async () => {
  await using provider = await startScriptedProvider();
  const client = new AbortController();
  const asked = fetch(`${provider.urlOf('hang')}/v1/messages`, {
    method: 'POST',
    body: '{}',
    signal: client.signal,
  });
  await expect.poll(() => provider.requests.length).toBe(1);
  client.abort();
  await expect(asked).rejects.toThrow('aborted');
  await expect.poll(() => provider.requests[0]?.aborted).toBe(true);
});

test('plays what it is set to where a path names nothing', async () => {
  await using provider = await startScriptedProvider();
  provider.scenario = '402';
  expect((await ask(`${provider.url}/v1/messages`, {})).status).toBe(402);
  expect((await ask(`${provider.urlOf('ok')}/v1/messages`, {})).status).toBe(200);
});

test('lets in one key, in either header, and writes down which it was shown', async () => {
  await using provider = await startScriptedProvider({ key: KEY });
  const url = `${provider.url}/v1/messages`;
  const tries = [{ authorization: `Bearer ${KEY}` }, { 'x-api-key': KEY }, { 'x-api-key': 'another' }, {}];
  const statuses = [];
  for (const headers of tries) statuses.push((await ask(url, {}, headers as Record<string, string>)).status);
  expect(statuses).toEqual([200, 200, 401, 401]);
  expect(provider.requests.map(({ key }) => key)).toEqual([KEY, KEY, 'another', undefined]);
});

test('writes files where the agent works', async () => {
  await using provider = await startScriptedProvider();
  const body = { ...DIALECTS['/v1/messages']('Go'), tools: [{ name: 'Write' }, { name: 'Bash' }] };
  const answer = await (await ask(`${provider.url}/v1/messages`, body)).json();
  expect(answer).toMatchObject({
    content: [{}, { name: 'Write', input: { file_path: '/app/hello.txt', content: 'hello\n' } }],
  });
});

test('names a session when it is offered no tools, and knows its models', async () => {
  await using provider = await startScriptedProvider();
  const response = await ask(`${provider.url}/v1/messages`, {
    messages: [{ role: 'user', content: 'Name it' }],
  });
  expect(await response.text()).toContain('A short title');
  expect((await fetch(`${provider.url}/v1/models`)).status).toBe(200);
  expect((await fetch(`${provider.url}/v1/elsewhere`)).status).toBe(404);
});

import { describe, expect, it } from 'vitest';
import { taskWorld, TEST_KEY } from '../../tests/fakes/task-world.ts';
import type { AgentId } from './coding-agent.ts';
import type { ProviderId } from './provider.ts';
import type { ProviderSettings } from './provider-settings.ts';

const NOTHING_SET: ProviderSettings = { baseUrls: {}, compatibleKey: undefined, defaultModel: undefined };
const COMPATIBLE: ProviderSettings = {
  ...NOTHING_SET,
  baseUrls: { 'openai-compatible': 'http://models.test/v1' },
};
const WITH_DEFAULT: ProviderSettings = {
  ...NOTHING_SET,
  defaultModel: { provider: 'openai', model: 'fake-1' },
};

interface Case {
  readonly keys: readonly ProviderId[];
  readonly agent?: AgentId;
  readonly model?: string;
  readonly settings?: ProviderSettings;
}

const submit = async ({ keys, settings = NOTHING_SET, ...input }: Case) => {
  const world = await taskWorld(keys, { providers: settings });
  const task = await world.submit(input);
  return { task, upstream: world.node.upstreams[0] };
};

describe('The provider of a task', () => {
  it.each<[string, Case, ProviderId, string | undefined]>([
    [
      'is the first that the owner has a key for',
      { keys: ['openai', 'anthropic'] },
      'anthropic',
      'claude-sonnet-5-5',
    ],
    [
      'is the one its model names',
      { keys: ['anthropic', 'openai'], model: 'openai/gpt-9' },
      'openai',
      'gpt-9',
    ],
    ['serves a model without its name', { keys: ['openai'], model: 'gpt-9' }, 'openai', 'gpt-9'],
    [
      'serves a model whose own name has a slash',
      { keys: [], settings: COMPATIBLE, model: 'meta/llama-9' },
      'openai-compatible',
      'meta/llama-9',
    ],
    [
      'is named once: what follows is a name of its own',
      { keys: [], settings: COMPATIBLE, model: 'openai-compatible/anthropic/claude-9' },
      'openai-compatible',
      'anthropic/claude-9',
    ],
    [
      'is none that the agent cannot talk to, whatever its model begins with',
      { keys: ['anthropic', 'openai'], agent: 'claude-code', model: 'openai/gpt-9' },
      'anthropic',
      'openai/gpt-9',
    ],
    [
      'leaves the model to Claude Code',
      { keys: ['anthropic'], agent: 'claude-code' },
      'anthropic',
      undefined,
    ],
    ['leaves the model to Codex', { keys: ['openai'], agent: 'codex' }, 'openai', undefined],
    [
      "is the operator's for opencode",
      { keys: ['anthropic', 'openai'], settings: WITH_DEFAULT },
      'openai',
      'fake-1',
    ],
    [
      "is the operator's also for a model without its name",
      { keys: ['anthropic', 'openai'], settings: WITH_DEFAULT, model: 'fake-2' },
      'openai',
      'fake-2',
    ],
    [
      "is not the operator's when the owner has no key for that",
      { keys: ['anthropic'], settings: WITH_DEFAULT },
      'anthropic',
      'claude-sonnet-5-5',
    ],
    [
      "is not the operator's for another agent",
      { keys: ['anthropic', 'openai'], settings: WITH_DEFAULT, agent: 'claude-code' },
      'anthropic',
      undefined,
    ],
    [
      'needs no key where the operator runs it',
      { keys: [], settings: COMPATIBLE, agent: 'codex' },
      'openai-compatible',
      undefined,
    ],
  ])('%s', async (_, input, provider, model) => {
    const { task, upstream } = await submit(input);
    expect([task.provider, task.model]).toEqual([provider, model]);
    expect(upstream?.provider).toBe(provider);
    expect(upstream?.key).toBe(input.keys.includes(provider) ? TEST_KEY : undefined);
  });

  it.each<[string, Case, RegExp]>([
    [
      'the one key it needs',
      { keys: ['openai'], agent: 'claude-code' },
      /^agent: claude-code needs a key for anthropic; set one with POST \/v1\/agents\/anthropic\/api-key\.$/,
    ],
    ['every key that would do', { keys: [] }, /one of opencode, anthropic, openai; .*\{provider\}/],
    [
      'the key of the provider its model names',
      { keys: ['openai'], model: 'anthropic/x' },
      /key for anthropic/,
    ],
    [
      'who can say where a service is',
      { keys: ['openai-compatible'], model: 'openai-compatible/x' },
      /^model: .*SANDBOXD_OPENAI_COMPATIBLE_URL/,
    ],
    ['that a model must be named', { keys: [], settings: COMPATIBLE }, /^model: name one.*SANDBOXD_MODEL/],
  ])('is missing with a message that says %s', async (_, input, message) => {
    await expect(submit(input)).rejects.toMatchObject({
      code: 'invalid_request',
      message: expect.stringMatching(message),
    });
  });

  it('cannot be used with a key that was sealed with another one, and nothing is submitted', async () => {
    const world = await taskWorld(['anthropic']);
    const sealed = 'v1.0000000000000000.AAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAAAA';
    const credential = { owner: 'alice', provider: 'anthropic', sealed, updatedAt: 0 } as const;
    await world.ports.store.commit({ kind: 'credential.put', credential });
    await expect(world.submit()).rejects.toMatchObject({ code: 'unavailable' });
    expect(world.inside.assignments).toEqual([]);
    expect(await world.ports.store.tasks.list('alice', { limit: 1 })).toEqual([]);
  });
});

import { type Answer, visit } from '../http.ts';
import type { Journey } from './journey.ts';
import { PASSWORD, PROVIDER_KEY, VALUES } from './planted.ts';

/** A person at the console, with a browser that keeps its cookie. */
export class Browsing {
  readonly #journey: Journey;
  #cookie = '';
  #csrf = '';

  constructor(journey: Journey) {
    this.#journey = journey;
  }

  async signIn(): Promise<void> {
    await this.post('/login', { password: `${PASSWORD}x` });
    await this.post('/login', { token: `${VALUES.RUNTIME_KEY}x` });
    await this.#enter('session', () => this.post('/login', { password: PASSWORD }));
    await this.#enter('session by link', async () => {
      const link = await this.#journey.site.loginLink();
      const { pathname } = new URL(link);
      this.#journey.learn('login link', pathname.split('/').at(-1) ?? '');
      await this.get(pathname);
      return this.post(pathname, {});
    });
    const page = await this.get('/apps/new');
    this.#csrf = /name="csrf_token" value="([^"]+)"/.exec(page)?.[1] ?? '';
    if (this.#csrf === '') throw new Error('The console shows no form.');
  }

  async #enter(what: string, how: () => Promise<Answer>): Promise<void> {
    const { headers, status } = await how();
    const cookie = headers['set-cookie']?.at(-1)?.split(';')[0];
    if (cookie === undefined) throw new Error(`Not let in: ${status}.`);
    this.#cookie = cookie;
    this.#journey.learn(what, cookie.slice(cookie.indexOf('=') + 1));
  }

  async lookAround(tasks: readonly string[]): Promise<void> {
    const { app } = this.#journey;
    const own = [
      '',
      '/config',
      '/config/edit?key=RUNTIME_KEY',
      '/config/edit?key=TOGGLED_KEY',
      '/config/delete?key=BOTH_KEY',
      '/tasks',
      '/snapshots',
      '/delete',
      '/preview',
      '/logs',
    ];
    const ofTasks = tasks.flatMap((id) =>
      ['', '/events', '/log', '/revert'].map((more) => `/tasks/${id}${more}`),
    );
    for (const path of [
      '/',
      '/activity',
      '/agents',
      '/audit',
      ...[...own, ...ofTasks].map((one) => `/apps/${app}${one}`),
    ])
      await this.get(path);
  }

  /** Forms that are filled in well, and others. */
  async fillIn(): Promise<void> {
    const config = `/apps/${this.#journey.app}/config`;
    const item = { key: 'TYPED_KEY', value: VALUES.TYPED_KEY, sensitive: 'yes', access_policy: 'both' };
    await this.post(config, item);
    await this.post(config, item);
    await this.post(config, { ...item, key: '' });
    await this.post(config, { ...item, key: 'A=B' });
    await this.post(config, { ...item, key: 'B', value: `${VALUES.TYPED_KEY}${'x'.repeat(70_000)}` });
    await this.post(`${config}/edit`, {
      ...item,
      key: 'RUNTIME_KEY',
      value: VALUES.RUNTIME_KEY,
      version: '7',
    });
    await this.post(`${config}/edit`, { ...item, key: VALUES.RUNTIME_KEY });
    await this.post('/agents/nobody/key', { api_key: PROVIDER_KEY });
    await this.post('/agents/anthropic/key', { api_key: `${PROVIDER_KEY} and a word` });
    await this.post('/apps', { name: '', preset: VALUES.RUNTIME_KEY });
  }

  async get(path: string): Promise<string> {
    return (await this.#visit('GET', path)).text;
  }

  post(path: string, fields: Record<string, string>): Promise<Answer> {
    return this.#visit('POST', path, new URLSearchParams({ csrf_token: this.#csrf, ...fields }).toString());
  }

  async #visit(method: string, path: string, body?: string): Promise<Answer> {
    const { site } = this.#journey;
    const headers = {
      cookie: this.#cookie,
      'content-type': 'application/x-www-form-urlencoded',
      origin: site.base,
    };
    const answer = await visit(`${site.base}${path}`, {
      method,
      headers,
      ...(body !== undefined && { body }),
    });
    site.onAnswer(`console: ${method} ${path}`, answer);
    return answer;
  }
}

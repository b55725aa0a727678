import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { apiWorld } from '../../tests/fakes/api-world.ts';
import { stranger } from '../../tests/fakes/visitor.ts';
import type { Env } from './context.ts';
import { pagePolicy, securityHeaders } from './security-headers.ts';

const hono = () => new Hono<Env>().use(securityHeaders);

describe('security headers', () => {
  it('let a page load only its own files, and frame only previews', () => {
    expect(pagePolicy({ domain: 'apps.example.com', publicPort: 443, tls: true })).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
        "frame-src 'self' https://*.preview.apps.example.com; form-action 'self'; frame-ancestors 'none'; " +
        "base-uri 'none'; object-src 'none'",
    );
    expect(pagePolicy({ domain: 'localhost', publicPort: 8080, tls: false })).toContain(
      "frame-src 'self' http://*.preview.localhost:8080;",
    );
    expect(pagePolicy(undefined)).toContain("frame-src 'self';");
  });

  it.each([
    ['/login', 'text/html'],
    ['/nothing', 'text/html'],
    ['/v1/apps', 'application/json'],
    ['/healthz', 'application/json'],
  ])('are on %s', async (path, type) => {
    const { headers } = await stranger(apiWorld()).get(path);
    expect(headers.get('content-type')).toContain(type);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('x-frame-options')).toBe('DENY');
    expect(headers.get('referrer-policy')).toBe('same-origin');
    expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect(headers.get('content-security-policy')).not.toContain('unsafe');
  });

  it('let nothing run that is not a page', async () => {
    const { headers } = await stranger(apiWorld()).get('/v1/apps');
    expect(headers.get('content-security-policy')).toBe(
      "default-src 'none'; frame-ancestors 'none'; sandbox",
    );
  });

  it('are added to a response that is passed on, whose own headers cannot be changed', async () => {
    // `Response.redirect` makes headers as unchangeable as `fetch` does, and needs no server.
    const app = hono().get('/', () => Response.redirect('http://elsewhere.example/', 302));
    const answer = await app.request('/');
    expect(answer.status).toBe(302);
    expect(answer.headers.get('location')).toBe('http://elsewhere.example/');
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  });

  it('leave alone what a handler chose', async () => {
    const app = hono().get('/', (c) => c.html('', 200, { 'content-security-policy': "default-src 'self'" }));
    expect((await app.request('/')).headers.get('content-security-policy')).toBe("default-src 'self'");
  });
});

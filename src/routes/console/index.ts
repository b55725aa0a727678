import { Hono } from 'hono';
import type { Env } from '../context.ts';

/** Server-rendered pages for people. */
export const consolePages = new Hono<Env>();

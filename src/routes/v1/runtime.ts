import { Hono } from 'hono';
import * as v from 'valibot';
import { validateManifest } from '../../domain/manifest-validation.ts';
import { limitJson, readInput } from '../body.ts';
import type { Env } from '../context.ts';
import { operation } from '../describe.ts';
import { ManifestReportBody } from './schemas.ts';

const ManifestInput = v.object({ manifest: v.string('must be a string: the text of a sandbox.yaml') });

export const runtime = new Hono<Env>().use(limitJson).post(
  '/manifest/validate',
  operation({
    id: 'validateManifest',
    summary: 'Say whether a sandbox.yaml does what it seems to, and what it comes to with its defaults',
    tag: 'Instance',
    body: ManifestInput,
    ok: { 200: ManifestReportBody },
    errors: ['invalid_request', 'payload_too_large'],
  }),
  async (c) => {
    const { manifest } = await readInput(c, ManifestInput);
    return c.json(validateManifest(manifest));
  },
);

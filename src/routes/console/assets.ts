import { Hono } from 'hono';
import { notFound } from '../../domain/errors.ts';
import { findAsset } from '../../views/assets.ts';
import type { Env } from '../context.ts';

/** The pages' own files. They hold nothing of anybody's, so strangers may have them. */
export const assets = new Hono<Env>().get('/:file', (c) => {
  const asset = findAsset(c.req.param('file'));
  if (asset === undefined) throw notFound('file');
  return c.body(asset.body, 200, {
    'content-type': asset.type,
    'cache-control': 'public, max-age=31536000, immutable',
  });
});

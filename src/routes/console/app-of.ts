import type { App } from '../../domain/app.ts';
import { requireApp } from '../../domain/require.ts';
import type { AppContext } from '../context.ts';
import { idParam } from '../v1/params.ts';

/** The app that the path names by `:id`. @throws not_found also for somebody else's */
export const appOf = (c: AppContext): Promise<App> =>
  requireApp(c.get('ports'), c.get('principal').owner, idParam(c, 'app'));

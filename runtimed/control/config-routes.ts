import type { Changes } from '../changes.ts';
import type { Configuration } from '../config/configuration.ts';
import { parseRuntimeConfig } from '../config/runtime-config.ts';
import { readJson, type Route, sendNothing } from './call.ts';

/** Every value twice, as JSON in which every character is escaped. */
const MAX_REQUEST_BYTES = 8 * 1024 * 1024;

export interface ConfigTarget {
  readonly configuration: Configuration;
  /** Told when there is another one. */
  readonly changes: Changes;
}

/** What programs are started with from now on. */
export const configRoutes = ({ configuration, changes }: ConfigTarget): Route[] => [
  {
    method: 'PUT',
    pattern: /^\/v1\/config$/,
    handle: async (call) => {
      if (configuration.take(parseRuntimeConfig(await readJson(call, MAX_REQUEST_BYTES)))) changes.notify();
      sendNothing(call);
    },
  },
];

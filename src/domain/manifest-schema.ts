import * as v from 'valibot';
import { DEFAULT_PORT } from './sandbox.ts';

/** Characters of one command: it travels as a single argument, and the kernel takes 128 KiB at most. */
const MAX_COMMAND_LENGTH = 8192;
export const MAX_WORKERS = 100;
/** A process name: it names a log file, and a segment of a URL. */
export const PROCESS_NAME = /^[A-Za-z0-9_-]{1,64}$/;
/** The name of the previewed process. */
export const WEB_PROCESS = 'web';

const commandText = v.pipe(
  v.string('must be a command, like "pnpm dev"'),
  v.maxLength(MAX_COMMAND_LENGTH, `is longer than ${MAX_COMMAND_LENGTH} characters; put it into a script`),
  v.excludes('\0', 'contains a NUL character'),
  v.check((text) => text.isWellFormed(), 'contains half a character (an unpaired surrogate)'),
);
const command = v.pipe(
  commandText,
  v.check((text) => text.trim() !== '', 'is empty; give a command'),
);
const wholeNumber = (least: number, most: number) => {
  const message = `must be a whole number from ${least} to ${most}, without quotes`;
  return v.pipe(v.number(message), v.integer(message), v.minValue(least, message), v.maxValue(most, message));
};
const flag = v.nullish(v.boolean('must be true or false'), false);
export const isMapping = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** An object schema takes a list for an object, and says of a missing key what it says of a wrong type. */
const mapping = <T extends v.ObjectEntries>(entries: T, like: string) =>
  v.pipe(v.custom<Record<string, unknown>>(isMapping, `must be ${like}`), v.object(entries, 'is required'));

const web = mapping(
  {
    command: v.nullish(command),
    port: v.nullish(wholeNumber(1, 65_535), DEFAULT_PORT),
    health_path: v.nullish(
      v.pipe(
        v.string('must be a path, like "/health"'),
        v.maxLength(2048, 'is longer than 2048 characters'),
        v.regex(/^\/[!"$-~]*$/, 'must start with "/" and hold no space, "#", or unescaped special character'),
      ),
      '/',
    ),
    restart_after_task: flag,
  },
  'a mapping, like "command: pnpm dev"',
);

const build = mapping(
  {
    command: v.nullish(commandText),
    timeout_seconds: v.nullish(wholeNumber(1, 86_400)),
  },
  'a mapping, like "command: pnpm build"',
);

const NAME_MESSAGE = 'must be 1 to 64 letters, digits, "_" or "-"';
const worker = mapping(
  {
    name: v.pipe(
      v.string(NAME_MESSAGE),
      v.regex(PROCESS_NAME, NAME_MESSAGE),
      v.notValue(WEB_PROCESS, `"${WEB_PROCESS}" is the name of the web process; choose another`),
    ),
    command,
    restart_after_task: flag,
  },
  'a mapping with a name and a command',
);

const workers = v.pipe(
  v.array(worker, 'must be a list, each item with a name and a command'),
  v.maxLength(MAX_WORKERS, `has more than ${MAX_WORKERS} workers`),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    const taken = new Set<string>();
    for (const [index, item] of dataset.value.entries()) {
      if (taken.has(item.name)) {
        addIssue({
          message: `"${item.name}" is used twice; names must be unique`,
          path: [pathItem(dataset.value, index), pathItem(item, 'name')],
        });
      }
      taken.add(item.name);
    }
  }),
);

/** What a `sandbox.yaml` declares, before defaults that depend on the app. `web:` with nothing below it is a web app. */
export const manifestSchema = mapping(
  {
    web: v.optional(v.nullable(web, {})),
    build: v.nullish(build, {}),
    workers: v.nullish(workers, []),
  },
  'a mapping with the keys version, web, build and workers',
);

export type DeclaredManifest = v.InferOutput<typeof manifestSchema>;

/** The keys the schema knows, by the place they stand in. */
export const KNOWN_KEYS = {
  web: Object.keys(web.pipe[1].entries),
  build: Object.keys(build.pipe[1].entries),
  worker: Object.keys(worker.pipe[1].entries),
} as const;

function pathItem(input: object, key: string | number): v.IssuePathItem {
  return { type: 'unknown', origin: 'value', input, key, value: Reflect.get(input, key) };
}

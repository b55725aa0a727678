import * as v from 'valibot';
import { ERROR_STATUS, type ErrorCode } from '../../domain/errors.ts';
import { EVENT_TYPES } from '../../domain/event.ts';
import { PREVIEW_STATUSES } from '../../domain/runtimed.ts';
import { SANDBOX_STATUSES } from '../../domain/sandbox.ts';

/** The wire form of everything `/v1` answers: the documentation, and the type the presenters must produce. */
export const Id = v.pipe(v.string(), v.description('ULID, canonical upper case'));
/** Makes a schema one shared component of the OpenAPI document. */
export const named = <Schema extends v.GenericSchema>(ref: string, schema: Schema) =>
  v.pipe(schema, v.metadata({ ref }));

export const Time = v.pipe(v.string(), v.description('RFC 3339 UTC'));

export const ErrorBody = named(
  'Error',
  v.object({
    error: v.object({
      code: v.picklist(Object.keys(ERROR_STATUS) as ErrorCode[]),
      message: v.string(),
      retryable: v.boolean(),
    }),
  }),
);

export const AppBody = named(
  'App',
  v.object({
    id: Id,
    name: v.string(),
    description: v.string(),
    tags: v.array(v.string()),
    external_user_id: v.optional(v.string()),
    external_project_id: v.optional(v.string()),
    runtime_preset: v.optional(v.string()),
    current_sandbox_id: v.optional(Id),
    forked_from_app_id: v.optional(Id),
    forked_from_snapshot_id: v.optional(Id),
    created_at: Time,
    updated_at: Time,
  }),
);

export const AppListBody = v.object({ apps: v.array(AppBody), next_before: v.optional(Id) });

export const SandboxBody = named(
  'Sandbox',
  v.object({
    id: Id,
    status: v.picklist(SANDBOX_STATUSES),
    preview: v.object({
      url: v.string(),
      status: v.picklist(PREVIEW_STATUSES),
      last_http_status: v.optional(v.number()),
      last_checked_at: v.optional(Time),
      build_error_message: v.optional(v.string()),
    }),
    processes: v.array(
      v.object({
        name: v.string(),
        kind: v.picklist(['web', 'worker']),
        running: v.boolean(),
        pid: v.optional(v.number()),
        restarts: v.pipe(
          v.number(),
          v.description('after unexpected exits, since it was last started on purpose or revived'),
        ),
        abandoned: v.pipe(
          v.boolean(),
          v.description('crashed too often in a row, and left alone until a file of the app changes'),
        ),
      }),
    ),
    active_task_id: v.optional(Id),
    template: v.string(),
    app_id: v.optional(Id),
    from_snapshot_id: v.optional(v.pipe(Id, v.description('what its workspace began with'))),
    replaces_sandbox_id: v.optional(
      v.pipe(Id, v.description("the app's own, until this one runs and takes its place")),
    ),
    runtime_preset: v.optional(v.string()),
    paused: v.boolean(),
    keepalive_until: v.optional(Time),
    last_active_at: v.optional(Time),
    idle_policy: v.picklist(['sleep', 'always_on']),
    visibility: v.picklist(['public', 'private']),
    awake_because: v.array(v.string()),
    progress: v.optional(v.string()),
    manifest_error: v.optional(v.string()),
    error_message: v.optional(v.string()),
    node_id: Id,
    created_at: Time,
    updated_at: Time,
  }),
);

export const SandboxListBody = v.object({ sandboxes: v.array(SandboxBody), next_before: v.optional(Id) });

export const PresetBody = named(
  'Preset',
  v.object({
    id: v.string(),
    label: v.string(),
    description: v.string(),
    template: v.optional(v.string()),
    capabilities: v.array(v.string()),
  }),
);

export const PresetListBody = v.object({ presets: v.array(PresetBody) });

const ManifestProblems = v.array(
  v.object({
    path: v.pipe(v.string(), v.description('like "workers[0].name"; "" for the file as a whole')),
    message: v.string(),
  }),
);

export const ManifestReportBody = v.object({
  valid: v.boolean(),
  errors: ManifestProblems,
  warnings: ManifestProblems,
  effective: v.optional(
    v.object({
      web: v.optional(
        v.object({
          command: v.string(),
          port: v.number(),
          health_path: v.string(),
          restart_after_task: v.boolean(),
        }),
      ),
      build: v.object({ command: v.string(), timeout_seconds: v.number() }),
      workers: v.array(v.object({ name: v.string(), command: v.string(), restart_after_task: v.boolean() })),
    }),
  ),
});

export const EventListBody = v.object({
  events: v.array(
    v.object({
      id: Id,
      type: v.pipe(v.string(), v.description(`one of these, and more to come: ${EVENT_TYPES.join(', ')}`)),
      severity: v.picklist(['info', 'warning', 'error']),
      message: v.string(),
      app_id: v.optional(Id),
      sandbox_id: v.optional(Id),
      task_id: v.optional(Id),
      snapshot_id: v.optional(Id),
      payload: v.optional(v.record(v.string(), v.union([v.string(), v.number(), v.boolean()]))),
      created_at: Time,
    }),
  ),
  next_before: v.optional(Id),
});

export const FileListBody = v.object({
  path: v.string(),
  recursive: v.boolean(),
  entries: v.array(
    v.object({
      path: v.string(),
      type: v.picklist(['file', 'directory', 'symlink']),
      size: v.optional(v.number()),
    }),
  ),
});

export const ExecBody = v.object({
  exit_code: v.number(),
  stdout: v.string(),
  stderr: v.string(),
  truncated: v.pipe(v.boolean(), v.description('there was more output than an answer holds')),
  timed_out: v.pipe(v.boolean(), v.description('ended because it ran longer than timeout_s')),
});

export const LogBody = v.object({ process: v.string(), lines: v.array(v.string()) });
export const PreviewLinkBody = v.object({ url: v.string(), expires_at: Time });
export const HealthBody = v.object({ status: v.literal('ok') });

import type { ActivityPage } from './activity-models.ts';
import type { Chip, Fact, Frame, Moment, Tone } from './basic-models.ts';
import type { AuditPage, LoginLinkPage, LoginPage } from './identity-models.ts';
import type { ConfigPage, DeleteConfigPage, EditConfigPage } from './config-models.ts';
import type { KeysPage, RevokeKeyPage, SettingsPage } from './settings-models.ts';
import type {
  AppSnapshots,
  DeleteSnapshotPage,
  ForkPage,
  RestorePage,
  SnapshotsPage,
} from './snapshot-models.ts';
import type { AgentsPage, AppTasks, LogEntry, RevertTaskPage, TaskPage, TasksPage } from './task-models.ts';
import type { AskWebhookPage, EditWebhookPage, WebhookPage, WebhooksPage } from './webhook-models.ts';

export type { Account, Chip, Fact, Frame, Moment, Tone } from './basic-models.ts';

/** What each template is given. Texts are plain: templates escape them. */

/** Where an app is seen. */
export interface PreviewAddress {
  /** To look at and to copy. */
  readonly url: string;
  readonly host: string;
  /** To open: a private preview is entered through the console. */
  readonly href: string;
}

export interface AppRow {
  readonly id: string;
  readonly name: string;
  readonly initial: string;
  /** 0–7: which of the tints marks the app, the same on every page. */
  readonly tint: number;
  readonly preset: string;
  readonly chip: Chip;
  readonly active: Moment;
  /** What is wrong although it runs. */
  readonly warning?: string;
  /** Absent for an app without a web page, or without a sandbox. */
  readonly previewHref?: string;
}

export interface AppsPage extends Frame {
  readonly apps: readonly AppRow[];
  /** This page, to look at it again. */
  readonly here: string;
  readonly isFirstPage: boolean;
  readonly olderHref?: string;
  /** Where programs reach the API. */
  readonly origin: string;
}

export type PresetIcon = 'atom' | 'layers' | 'braces' | 'bolt' | 'gear' | 'window';

export interface PresetCard {
  readonly id: string;
  readonly label: string;
  readonly description: string;
  readonly icon: PresetIcon;
  readonly chosen: boolean;
}

export interface NewAppPage extends Frame {
  readonly name: string;
  readonly presets: readonly PresetCard[];
  readonly problems: { readonly name?: string; readonly preset?: string };
}

export interface Step {
  readonly label: string;
  readonly state: 'done' | 'active' | 'todo';
  /** What the active step is doing. */
  readonly detail?: string;
}

/** What the preview pane shows. */
export type Stage =
  | { readonly kind: 'frame'; readonly id: string; readonly url: string }
  | { readonly kind: 'steps'; readonly title: string; readonly steps: readonly Step[] }
  | { readonly kind: 'message'; readonly message: StageMessage };

export interface StageMessage {
  readonly icon: 'moon' | 'alert' | 'gear' | 'box' | 'unplugged';
  readonly title: string;
  readonly text: string;
  /** Program or build output. */
  readonly output?: string;
  readonly action?: StageAction;
}

/** The one thing to do about it. */
export interface StageAction {
  readonly verb: 'start' | 'restart';
  readonly label: string;
  /** The status from the press on, until the server tells. */
  readonly doing: string;
}

/** What the processes said last. */
export interface LogPanel {
  /** One each process, when there are several to choose from. */
  readonly tabs: readonly { readonly name: string; readonly href: string; readonly chosen: boolean }[];
  /** Whose log is shown. */
  readonly process?: string;
  /** The lines, as one text. */
  readonly text: string;
  /** What stands there when there are no lines. */
  readonly note?: string;
}

export interface ProcessRow {
  readonly name: string;
  readonly kind: string;
  readonly chip: Chip;
  readonly restarts: number;
}

export interface TimelineEntry {
  readonly id: string;
  readonly message: string;
  readonly type: string;
  readonly tone: Tone;
  readonly at: Moment;
}

export interface AppPage extends Frame {
  readonly id: string;
  readonly name: string;
  readonly initial: string;
  readonly tint: number;
  readonly chip: Chip;
  readonly tasks: AppTasks;
  /** Absent where the log is the main thing to see. */
  readonly stage?: Stage;
  /** Absent without a sandbox. */
  readonly logs?: LogPanel;
  /** This page as it is, to look at it again. */
  readonly here: string;
  /** Seconds until the page looks again. */
  readonly refreshSeconds: number;
  /** Whether something is under way, so that pages without scripts reload too. */
  readonly settling: boolean;
  readonly canStop: boolean;
  readonly canRestart: boolean;
  readonly preview?: PreviewAddress;
  readonly notices: readonly string[];
  readonly snapshots: AppSnapshots;
  readonly facts: readonly Fact[];
  readonly awakeBecause: readonly string[];
  readonly processes: readonly ProcessRow[];
  readonly timeline: readonly TimelineEntry[];
}

export interface DeleteAppPage extends Frame {
  readonly id: string;
  readonly name: string;
  /** How many there are: "3 snapshots are". */
  readonly snapshots?: string;
}

export interface ErrorPage extends Frame {
  readonly status: number;
  readonly title: string;
  readonly message: string;
}

export interface Views {
  readonly login: LoginPage;
  readonly 'login-link': LoginLinkPage;
  readonly audit: AuditPage;
  readonly apps: AppsPage;
  readonly 'app-new': NewAppPage;
  readonly app: AppPage;
  readonly 'app-delete': DeleteAppPage;
  readonly config: ConfigPage;
  readonly 'config-edit': EditConfigPage;
  readonly 'config-delete': DeleteConfigPage;
  readonly task: TaskPage;
  readonly tasks: TasksPage;
  readonly 'task-revert': RevertTaskPage;
  readonly snapshots: SnapshotsPage;
  readonly 'snapshot-restore': RestorePage;
  readonly 'snapshot-fork': ForkPage;
  readonly 'snapshot-delete': DeleteSnapshotPage;
  readonly activity: ActivityPage;
  readonly agents: AgentsPage;
  readonly settings: SettingsPage;
  readonly keys: KeysPage;
  readonly 'key-revoke': RevokeKeyPage;
  readonly webhooks: WebhooksPage;
  readonly webhook: WebhookPage;
  readonly 'webhook-edit': EditWebhookPage;
  readonly 'webhook-rotate': AskWebhookPage;
  readonly 'webhook-delete': AskWebhookPage;
  readonly 'log-entries': { readonly entries: readonly LogEntry[] };
  readonly error: ErrorPage;
  readonly problem: { readonly message: string };
}

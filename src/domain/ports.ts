import type { ChannelVerifier } from './channel.ts';
import type { Clock, IdSource } from './ids.ts';
import type { Logger } from './log.ts';
import type { Metrics, MetricsPage } from './metrics.ts';
import type { NodeDirectory } from './node.ts';
import type { Pause } from './pause.ts';
import type { PasswordHasher } from './password.ts';
import type { PreviewAddressing } from './preview.ts';
import type { ProviderSettings } from './provider-settings.ts';
import type { Redactor } from './redactor.ts';
import type { LifecycleSettings } from './settings.ts';
import type { RetentionLimits, Store } from './store.ts';
import type { Vault } from './vault.ts';
import type { WebhookSender } from './webhook.ts';
import type { StorageMode } from './workspace.ts';

/** Everything the API side of the domain needs from the world. Made per process, or per request at the edge. */
export interface Ports {
  readonly store: Store;
  readonly nodes: NodeDirectory;
  /** Checks what nodes send. */
  readonly channel: ChannelVerifier;
  readonly vault: Vault;
  readonly passwords: PasswordHasher;
  readonly webhookSender: WebhookSender;
  readonly metrics: Metrics;
  readonly metricsPage: MetricsPage;
  readonly clock: Clock;
  readonly pause: Pause;
  readonly newId: IdSource;
  readonly log: Logger;
  /** What the log passes, and messages of failures on their way out. */
  readonly redactor: Redactor;
  readonly instance: Instance;
}

/** What this installation is like: set by its operator, the same for every request. */
export interface Instance {
  readonly version: string;
  readonly addressing: PreviewAddressing;
  readonly auth: 'on' | 'off';
  /** Tokens from the configuration: SHA-256 (lower-case hex) → owner. */
  readonly configuredTokens: ReadonlyMap<string, string>;
  /** Those who run this installation: they may change its settings and read everybody's audit log. */
  readonly operators: ReadonlySet<string>;
  /** In force until the settings say otherwise. */
  readonly lifecycle: LifecycleSettings;
  readonly providers: ProviderSettings;
  /** The image that sandboxes are made from. */
  readonly baseImage: string;
  /** How workspaces are kept. Asks the node where that is not known yet. */
  readonly storageMode: () => Promise<StorageMode>;
  /** The commit this program was built from, where that is known. */
  readonly gitCommit?: string;
  /** After how many days events and audit entries are dropped; 0 keeps them. */
  readonly eventRetentionDays: number;
  /** How many snapshots are kept. */
  readonly retention: RetentionLimits;
  /** Signs preview links; base64, 32 bytes. */
  readonly previewKey: string;
}

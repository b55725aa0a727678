import type { Chip, Frame, Moment } from './basic-models.ts';

/** What the templates of tasks and their agents are given. */

/** A message's parts: text, each escaped where it is put in. */
export type MarkdownSpan =
  | { readonly kind: 'text' | 'code' | 'strong'; readonly text: string }
  /** To somewhere on the web: http or https. */
  | { readonly kind: 'link'; readonly text: string; readonly href: string };

export type MarkdownBlock =
  | { readonly kind: 'paragraph' | 'heading'; readonly spans: readonly MarkdownSpan[] }
  | { readonly kind: 'code'; readonly text: string }
  /** `first` is the number that an ordered one begins with. */
  | {
      readonly kind: 'list';
      readonly first?: number | undefined;
      readonly items: readonly (readonly MarkdownSpan[])[];
    };

export type ToolIcon = 'file' | 'pencil' | 'terminal' | 'search' | 'globe' | 'spark';

/** A row of a task's log. Its id stays when it is told again with more in it. */
export type LogEntry = { readonly id: string } & (
  | { readonly kind: 'step'; readonly text: string; readonly after: string }
  | { readonly kind: 'message'; readonly blocks: readonly MarkdownBlock[]; readonly isCut: boolean }
  | {
      readonly kind: 'tool';
      readonly icon: ToolIcon;
      readonly title: string;
      /** Where the title does not say it. */
      readonly path?: string;
      /** An unfinished one was under way when the task ended. */
      readonly status: 'running' | 'completed' | 'failed' | 'unfinished';
      readonly output?: string;
    }
  | { readonly kind: 'build'; readonly chip: Chip; readonly output?: string }
);

/** What happened in a task, as far as it is known. */
export interface TaskLogView {
  readonly id: string;
  /** Where the rest is told. */
  readonly eventsHref: string;
  /** The number of the last event that is in it. */
  readonly seq: number;
  readonly entries: readonly LogEntry[];
  /** Entries before them that are left out. */
  readonly omitted: number;
  readonly isOpen: boolean;
  /** Whether nothing follows. */
  readonly isComplete: boolean;
  /** Whether there is nothing left of it. */
  readonly isGone: boolean;
  /** Why there are no entries. */
  readonly note?: string;
}

export interface TaskProblem {
  readonly title: string;
  readonly text: string;
}

/** How a task ended. */
export interface TaskVerdict {
  readonly chips: readonly Chip[];
  readonly problems: readonly TaskProblem[];
  readonly message?: readonly MarkdownBlock[];
  readonly files: readonly string[];
  /** Files that are not among them. */
  readonly moreFiles: boolean;
  /** Tokens and money. */
  readonly usage?: string;
  readonly canRevert: boolean;
}

/** One task: what was asked, how it stands, what came of it. */
export interface TaskPanel {
  readonly id: string;
  readonly appId: string;
  readonly href: string;
  readonly prompt: string;
  readonly agent: string;
  readonly model?: string;
  readonly chip: Chip;
  readonly at: Moment;
  /** How long it took, or takes so far. */
  readonly duration: string;
  readonly isRunning: boolean;
  readonly log: TaskLogView;
  /** Absent while it runs. */
  readonly verdict?: TaskVerdict;
}

export interface TaskRow {
  readonly id: string;
  readonly href: string;
  /** The first line of its prompt. */
  readonly title: string;
  readonly agent: string;
  readonly chip: Chip;
  readonly at: Moment;
  readonly duration: string;
}

export interface AgentChoice {
  readonly id: string;
  readonly label: string;
  readonly chosen: boolean;
  /** Why it cannot be chosen. */
  readonly hindrance?: string;
}

/** Where one says what is to be done. */
export interface PromptBox {
  readonly agents: readonly AgentChoice[];
  /** Whether any of them can be chosen. */
  readonly canSend: boolean;
  /** Whether a key is all that one of them lacks. */
  readonly lacksKey: boolean;
  readonly isBusy: boolean;
  readonly prompt: string;
  readonly model: string;
  readonly minutes: string;
  readonly fresh: boolean;
  /** What was wrong with what was sent. */
  readonly problem?: string;
  /** What sending does besides. */
  readonly hint?: string;
  /** The status of the app from the press on. */
  readonly doing?: string;
}

export interface AppTasks {
  readonly box: PromptBox;
  readonly latest?: TaskPanel;
  readonly earlier: readonly TaskRow[];
}

export interface DiffLine {
  readonly kind: 'added' | 'removed' | 'same' | 'hunk' | 'note';
  readonly text: string;
  /** In the file after; of a removed line, in the file before. */
  readonly number?: number;
}

export interface DiffFile {
  readonly path: string;
  readonly change: 'added' | 'removed' | 'changed' | 'moved';
  readonly isBinary: boolean;
  /** Lines. */
  readonly added: number;
  readonly removed: number;
  readonly lines: readonly DiffLine[];
  /** Lines that are not among them. */
  readonly omitted: number;
}

export interface RevertNote {
  readonly text: string;
  /** The checkpoint that undoes it; absent where there is nothing to undo, or no way to now. */
  readonly undo?: string;
}

export interface TaskPage extends Frame {
  readonly id: string;
  readonly name: string;
  readonly task: TaskPanel;
  readonly changes?: {
    readonly files: readonly DiffFile[];
    readonly moreFiles: number;
    /** What stands there when there are none. */
    readonly note?: string;
  };
  /** What a revert that was just made did. */
  readonly reverted?: RevertNote;
  /** Whether something is under way, so that pages without scripts reload too. */
  readonly settling: boolean;
}

export interface TasksPage extends Frame {
  readonly id: string;
  readonly name: string;
  readonly tasks: readonly TaskRow[];
  readonly isFirstPage: boolean;
  readonly olderHref?: string;
}

export interface RevertTaskPage extends Frame {
  readonly id: string;
  readonly name: string;
  readonly task: Pick<TaskPanel, 'id' | 'appId' | 'href' | 'at'>;
}

export interface ProviderRow {
  readonly id: string;
  readonly label: string;
  readonly chip: Chip;
  /** Which agents talk to it. */
  readonly usedBy: string;
  readonly keySet?: Moment;
  /** Why it takes no key. */
  readonly hindrance?: string;
  readonly problem?: string;
}

export interface AgentsPage extends Frame {
  readonly agents: readonly { readonly label: string; readonly chip: Chip }[];
  readonly providers: readonly ProviderRow[];
  /** Where one came from. */
  readonly next: string;
}

import type { App } from '../../domain/app.ts';
import { findPreset } from '../../domain/preset.ts';
import type { Sandbox } from '../../domain/sandbox.ts';

const TINTS = 8;
const letters = new Intl.Segmenter('en');

/** How an app is marked wherever it is shown. */
export function look(app: App): { initial: string; tint: number } {
  const first = letters.segment(app.name).containing(0)?.segment ?? '';
  // The end of an id is random, its beginning is a time.
  const tint = (app.id.codePointAt(app.id.length - 1) ?? 0) % TINTS;
  return { initial: first.toUpperCase(), tint };
}

/** What an app is made from, for people. */
export function presetLabel(app: App, sandbox: Sandbox | undefined): string {
  const id = sandbox === undefined ? app.preset : sandbox.preset;
  if (id === undefined) return sandbox?.template ?? 'No preset';
  return findPreset(id)?.label ?? id;
}

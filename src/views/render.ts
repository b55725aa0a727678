import { Eta } from 'eta/core';
import { assetPath } from './assets.ts';
import type { Views } from './models.ts';
import { templates } from './templates.gen.ts';

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Embeddings, overrides and isolates: one in a name would turn around the words that follow it. */
const DIRECTION_CONTROLS = /[\u202A-\u202E\u2066-\u2069]/g;

/** A text as pages show it. */
export const shownText = (text: string): string => text.replace(DIRECTION_CONTROLS, '');

const escapeText = (value: unknown): string =>
  shownText(String(value)).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);

const eta = new Eta({ escapeFunction: escapeText });
for (const [name, template] of Object.entries(templates)) eta.loadTemplate(name, template);

/** Renders a page or fragment to HTML. Everything in `data` is text: it is escaped where it is put in. */
export const renderView = <Name extends keyof Views>(name: Name, data: Views[Name]): string =>
  eta.render(`@${name}`, { ...data, asset: assetPath });

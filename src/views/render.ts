import { Eta } from 'eta/core';
import { assetPath } from './assets.ts';
import type { Views } from './models.ts';
import { templates } from './templates.gen.ts';

const eta = new Eta();
for (const [name, template] of Object.entries(templates)) eta.loadTemplate(name, template);

/** Renders a page or fragment to HTML. Everything in `data` is text: it is escaped where it is put in. */
export const renderView = <Name extends keyof Views>(name: Name, data: Views[Name]): string =>
  eta.render(`@${name}`, { ...data, asset: assetPath });

import { expect, it } from 'vitest';
import { EVENT_TYPES } from '../../domain/event.ts';
import { EVENT_KINDS, typesOf } from './event-kinds.ts';

it('has every type of event in one kind, and only one', () => {
  expect(EVENT_KINDS.flatMap(typesOf).toSorted()).toEqual(EVENT_TYPES.toSorted());
});

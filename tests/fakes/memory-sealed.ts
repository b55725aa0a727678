import { configContext } from '../../src/domain/config-item.ts';
import { credentialContext } from '../../src/domain/credential.ts';
import { idempotencyContext } from '../../src/domain/idempotency.ts';
import { type SealedPlace, type SealedRow, sealPrefix } from '../../src/domain/sealed.ts';
import type { SealedReads } from '../../src/domain/store.ts';
import { webhookContext } from '../../src/domain/webhook.ts';
import { type Appliers, keyOf, type State } from './memory-state.ts';

/** Everything sealed in a store in memory. */
export const memorySealed = (state: () => State): SealedReads => ({
  others: async (keyId, limit, after) =>
    everythingSealed(state())
      .filter(({ sealed }) => !sealed.startsWith(sealPrefix(keyId)))
      .map((row) => ({ row, order: orderOf(row.place) }))
      .filter(({ order }) => after === undefined || order > orderOf(after))
      .toSorted((a, b) => (a.order < b.order ? -1 : 1))
      .slice(0, limit)
      .map(({ row }) => row),
});

function orderOf(place: SealedPlace): string {
  switch (place.kind) {
    case 'config':
      return keyOf(place.kind, place.appId, place.key);
    case 'credential':
      return keyOf(place.kind, place.owner, place.provider);
    case 'idempotency':
      return keyOf(place.kind, place.part, place.owner, place.key);
    case 'webhook':
  }
  return keyOf(place.kind, place.id);
}

function everythingSealed({ config, credentials, webhooks, idempotent }: State): SealedRow[] {
  return [
    ...[...config.values()].map((item): SealedRow => {
      const place = { kind: 'config', appId: item.appId, key: item.key } as const;
      return { place, context: configContext(item), sealed: item.sealed };
    }),
    ...[...credentials.values()].map(({ owner, provider, sealed }): SealedRow => {
      const place = { kind: 'credential', owner, provider } as const;
      return { place, context: credentialContext(owner, provider), sealed };
    }),
    ...[...webhooks.values()].map((webhook): SealedRow => {
      const place = { kind: 'webhook', id: webhook.id } as const;
      return { place, context: webhookContext(webhook), sealed: webhook.sealed };
    }),
    ...[...idempotent.values()].flatMap(({ owner, key, sealedRequest, sealedAnswer }) =>
      [
        { part: 'request' as const, sealed: sealedRequest },
        { part: 'answer' as const, sealed: sealedAnswer },
      ].flatMap(({ part, sealed }): SealedRow[] => {
        const place = { kind: 'idempotency', owner, key, part } as const;
        return sealed === undefined ? [] : [{ place, context: idempotencyContext(place, part), sealed }];
      }),
    ),
  ];
}

export const sealedChanges: Appliers<'reseal'> = {
  reseal: (state, { place, was, sealed }) => {
    switch (place.kind) {
      case 'config':
        return replace(state.config, keyOf(place.appId, place.key), 'sealed', was, sealed);
      case 'credential':
        return replace(state.credentials, keyOf(place.owner, place.provider), 'sealed', was, sealed);
      case 'webhook':
        return replace(state.webhooks, place.id, 'sealed', was, sealed);
      case 'idempotency': {
        const field = place.part === 'request' ? 'sealedRequest' : 'sealedAnswer';
        return replace(state.idempotent, keyOf(place.owner, place.key), field, was, sealed);
      }
    }
  },
};

function replace<Row>(
  rows: Map<string, Row>,
  key: string,
  field: keyof Row,
  was: string,
  sealed: string,
): void {
  const row = rows.get(key);
  if (row?.[field] === was) rows.set(key, { ...row, [field]: sealed });
}

import { WayOut } from '../adapters/provider/way-out.ts';
import { checkedLookup, publicNames, systemNames } from '../adapters/webhooks/checked-lookup.ts';
import { isPublicAddress } from '../adapters/webhooks/public-address.ts';
import { webhookSender } from '../adapters/webhooks/sender.ts';
import type { Config } from '../config.ts';
import type { WebhookSender } from '../domain/webhook.ts';

/** Sends webhooks by the operator's certificates and proxies. */
export function nodeWebhookSender(
  config: Pick<Config, 'caFile' | 'outboundProxy' | 'webhooksToPrivate'>,
): WebhookSender & AsyncDisposable {
  const [allows, resolve] = config.webhooksToPrivate
    ? [() => true, systemNames]
    : [isPublicAddress, publicNames()];
  const way = new WayOut(config, checkedLookup(allows, resolve));
  return {
    ...webhookSender({ way: (url) => way.for(url), allows }),
    [Symbol.asyncDispose]: () => way[Symbol.asyncDispose](),
  };
}

import type { AppContext } from './context.ts';
import { isLocalName } from './identity.ts';

/** Who is at the other end of a request's connection. */
export interface Peer {
  /** An IP address; undefined where that is not known. */
  readonly address: string | undefined;
  /** Whether it came through no other proxy than our own. */
  readonly isDirect: boolean;
}

/** Reads who that is; each entry knows one that clients have no say in. */
export type PeerSource = (c: AppContext) => Peer;

/** Set by our proxy on whatever it passes on, and dropped from what comes in: `<address>`, or `<address>;forwarded`. */
const PROXY_HEADER = 'x-sandboxd-peer';

/** On a node: everything comes through our proxy, or over a socket that the operator alone can open. */
export const proxiedPeer: PeerSource = (c) => {
  const [address = '', note] = (c.req.header(PROXY_HEADER) ?? '').split(';');
  return { address: address === '' ? undefined : address, isDirect: address !== '' && note === undefined };
};

/** At the edge: the platform sets the header, and drops what a client sends by that name. */
export const edgePeer: PeerSource = (c) => ({
  address: c.req.header('cf-connecting-ip'),
  isDirect: false,
});

/**
 * The address a request came from, where that is known. Behind a front that is the front's, except where that is trusted
 * to name its client (`SANDBOXD_PREVIEW_TLS`).
 */
export const peerAddress = (c: AppContext): string | undefined => c.get('peer').address;

/**
 * Whether a program on this machine made the request, and meant this machine: a web page that borrows a browser for it
 * comes with another Host, and a front with word of whom it forwards.
 */
export const isLocalPeer = (c: AppContext): boolean => {
  const { address, isDirect } = c.get('peer');
  const isLoopback = address !== undefined && /^(?:127(?:\.\d{1,3}){3}|::1)$/.test(address);
  return isDirect && isLoopback && isLocalName(c.req.header('host') ?? '', c.get('ports'));
};

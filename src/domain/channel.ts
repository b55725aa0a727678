/** One request of the internal channel, as far as its signature covers it. */
export interface ChannelRequest {
  readonly method: string;
  /** Path and query, as sent. */
  readonly path: string;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** One request as it arrives: its body is asked for only once its sender is known, so that strangers send none. */
export interface ArrivingRequest extends Omit<ChannelRequest, 'body'> {
  readonly body: () => Promise<Uint8Array<ArrayBuffer>>;
}

/** Signs requests of one side of the internal channel. */
export interface ChannelSigner {
  /** A token that is good for this very request, once, for a minute. @param audience a node's id, or `api` */
  sign(request: ChannelRequest, audience: string): Promise<string>;
}

/** Checks requests at the other side. */
export interface ChannelVerifier {
  /**
   * Answers who signed.
   * @throws unauthorized when the token is missing, malformed, expired, replayed, of an unknown sender, or made for
   * another request or receiver; whatever reading the body fails with
   */
  verify(request: ArrivingRequest, token: string | undefined): Promise<string>;
}

/** How the API is called on the internal channel. */
export const API_AUDIENCE = 'api';

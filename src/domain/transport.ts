/**
 * Why an HTTP exchange gave no answer. What matters to a refresh is whether the request may have reached the
 * provider: one that was not sent can be repeated freely, one that may have been has perhaps spent the token.
 */
export type TransportReason =
  | 'dns'
  | 'refused'
  | 'unreachable'
  | 'proxy'
  | 'tls'
  | 'timeout'
  | 'reset'
  | 'too_large'
  | 'malformed'
  | 'aborted';

export class TransportFailure extends Error {
  override readonly name = 'TransportFailure';
  readonly reason: TransportReason;
  /** Whether the request may have reached the provider. */
  readonly sent: 'no' | 'maybe';
  readonly host: string;

  constructor(reason: TransportReason, sent: 'no' | 'maybe', host: string, cause?: unknown) {
    super(`${reason} (${host})`, cause === undefined ? undefined : { cause });
    this.reason = reason;
    this.sent = sent;
    this.host = host;
  }
}

const WORDS: Record<TransportReason, string> = {
  dns: 'its name could not be resolved',
  refused: 'the connection was refused',
  unreachable: 'the network is unreachable',
  proxy: 'the proxy could not be reached or did not let the connection through',
  tls: 'the secure connection could not be made',
  timeout: 'it did not answer in time',
  reset: 'the connection broke off',
  too_large: 'its answer was too large',
  malformed: 'its answer was not HTTP',
  aborted: 'the request was cancelled',
};

/** A sentence for people; holds nothing but the host and a reason from the closed list. */
export function describeTransport(failure: TransportFailure): string {
  return `${failure.host} could not be reached: ${WORDS[failure.reason]}`;
}

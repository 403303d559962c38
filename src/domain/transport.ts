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

const NOT_REACHED = 'could not be reached';
const NOT_ANSWERED = 'gave no whole answer';

const WORDS: Record<TransportReason, string> = {
  dns: `${NOT_REACHED}: its name could not be resolved`,
  refused: `${NOT_REACHED}: the connection was refused`,
  unreachable: `${NOT_REACHED}: the network is unreachable`,
  proxy: `${NOT_REACHED}: the proxy is not there or did not let the connection through`,
  tls: `${NOT_REACHED}: the secure connection could not be made`,
  timeout: `${NOT_ANSWERED} in time`,
  reset: `${NOT_ANSWERED}: the connection broke off`,
  too_large: `${NOT_ANSWERED}: what it sent was too large`,
  malformed: `${NOT_ANSWERED}: what it sent was not HTTP`,
  aborted: `${NOT_ANSWERED}: the request was cancelled`,
};

/** A sentence for people; holds nothing but the host and a reason from the closed list. */
export function describeTransport(failure: TransportFailure): string {
  return `${failure.host} ${WORDS[failure.reason]}`;
}

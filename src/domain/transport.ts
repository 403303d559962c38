/**
 * Why an HTTP exchange gave no answer. What matters to a refresh is whether the request may have reached the provider: one
 * that was not sent can be repeated freely, but one that may have been sent may have used up the token.
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
  | 'aborted'
  | 'foreign_listener'
  | 'unknown_listener';

/** What is wrong with a server's certificate. Nothing was sent then. */
export type CertificateFault = 'unknown_issuer' | 'expired' | 'not_yet_valid' | 'wrong_host';

/** Why TLS was not begun: the server has only TLS 1.1 or older, or what it sent was not TLS. */
export type HandshakeFault = 'too_old' | 'not_tls';

export class TransportFailure extends Error {
  override readonly name = 'TransportFailure';
  readonly reason: TransportReason;
  /** Whether the request may have reached the provider. */
  readonly sent: 'no' | 'maybe';
  readonly host: string;
  /** With the reason `tls` where the certificate was the cause; else null. */
  readonly certificate: CertificateFault | null;
  /** With the reason `tls` where the handshake was the cause; else null. */
  readonly handshake: HandshakeFault | null;

  constructor(
    reason: TransportReason,
    sent: 'no' | 'maybe',
    host: string,
    more: {
      readonly cause?: unknown;
      readonly certificate?: CertificateFault | null;
      readonly handshake?: HandshakeFault | null;
    } = {},
  ) {
    super(`${reason} (${host})`, more.cause === undefined ? undefined : { cause: more.cause });
    this.reason = reason;
    this.sent = sent;
    this.host = host;
    this.certificate = more.certificate ?? null;
    this.handshake = more.handshake ?? null;
  }
}

const NOT_REACHED = 'could not be reached';
const NOT_ASKED = 'was sent nothing';
const NOT_ANSWERED = 'sent no complete answer';

const WORDS: Record<TransportReason, string> = {
  dns: `${NOT_REACHED}: its name could not be resolved`,
  refused: `${NOT_REACHED}: the connection was refused`,
  unreachable: `${NOT_REACHED}: the network is unreachable`,
  proxy: `${NOT_REACHED}: the proxy is unavailable or refused the connection`,
  tls: `${NOT_REACHED}: the secure connection could not be made`,
  timeout: `${NOT_ANSWERED} in time`,
  reset: `${NOT_ANSWERED}: the connection broke off`,
  too_large: `${NOT_ANSWERED}: its answer was too large`,
  malformed: `${NOT_ANSWERED}: its answer was not HTTP`,
  aborted: `${NOT_ANSWERED}: the request was cancelled`,
  foreign_listener: `${NOT_ASKED}: the program that listens there belongs to another user`,
  unknown_listener: `${NOT_ASKED}: the system does not report which user runs the server there`,
};

const NOT_TRUSTED = `${NOT_REACHED}: its certificate`;

const FAULTS: Record<CertificateFault, { readonly words: string; readonly hint: string }> = {
  unknown_issuer: {
    words: `${NOT_TRUSTED} was issued by an authority that is not trusted here`,
    hint: 'export NODE_EXTRA_CA_CERTS=/path/to/ca.pem   # the certificate of that authority, if you trust it\nif the server has a public certificate, a proxy or another program answers in its place',
  },
  expired: {
    words: `${NOT_TRUSTED} has expired`,
    hint: "compare this machine's clock with the real time: date -u\nif the clock is right, the server has to renew its certificate",
  },
  not_yet_valid: {
    words: `${NOT_TRUSTED} is not valid yet`,
    hint: "this machine's clock is probably behind; compare it with the real time: date -u",
  },
  wrong_host: {
    words: `${NOT_TRUSTED} is for another host name`,
    hint: 'check the address of the server in config.json, and any proxy or sign-in page of the network',
  },
};

const HANDSHAKES: Record<HandshakeFault, string> = {
  too_old: `${NOT_REACHED}: it has only versions of TLS that are no longer safe, and 1.2 is needed`,
  not_tls: `${NOT_REACHED}: what it sent was not TLS`,
};

/** A sentence for people; holds nothing but the host and a reason from the closed list. */
export function describeTransport(failure: TransportFailure): string {
  const { host, reason, certificate, handshake } = failure;
  if (handshake !== null) return `${host} ${HANDSHAKES[handshake]}`;
  return `${host} ${certificate === null ? WORDS[reason] : FAULTS[certificate].words}`;
}

const ALLOW =
  'if that program may have your tokens: set "insecureLoopback": true for this provider in config.json';

/**
 * The hint for an untrusted certificate, or an untrusted program on this machine, where trying again does not help.
 *
 * @param otherwise for all other failures
 */
export function transportHint({ certificate, reason, host }: TransportFailure, otherwise: string): string {
  if (reason === 'unknown_listener') return ALLOW;
  if (reason === 'foreign_listener')
    return `ss -ltnp 'sport = :${/\d*$/.exec(host)?.[0] || 80}'   # as root: which program it is\n${ALLOW}`;
  return certificate === null ? otherwise : FAULTS[certificate].hint;
}

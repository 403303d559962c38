import type { CertificateFault, HandshakeFault, TransportReason } from '../domain/transport.js';
import { FOREIGN_LISTENER, UNKNOWN_LISTENER } from './http/loopback-guard.js';

/* What the error codes of Node, OpenSSL and undici mean. */

interface Stage {
  /** Bytes may have been sent. */
  readonly begun: boolean;
  readonly proxied: boolean;
}

const REASONS: Readonly<Record<string, TransportReason>> = {
  ENOTFOUND: 'dns',
  EAI_AGAIN: 'dns',
  EAI_FAIL: 'dns',
  EAI_NODATA: 'dns',
  EAI_NONAME: 'dns',
  ECONNREFUSED: 'refused',
  ENETUNREACH: 'unreachable',
  EHOSTUNREACH: 'unreachable',
  ENETDOWN: 'unreachable',
  EHOSTDOWN: 'unreachable',
  EADDRNOTAVAIL: 'unreachable',
  EACCES: 'unreachable',
  EPERM: 'unreachable',
  ETIMEDOUT: 'timeout',
  UND_ERR_CONNECT_TIMEOUT: 'timeout',
  UND_ERR_HEADERS_TIMEOUT: 'timeout',
  UND_ERR_BODY_TIMEOUT: 'timeout',
  ECONNRESET: 'reset',
  ECONNABORTED: 'reset',
  EPIPE: 'reset',
  UND_ERR_SOCKET: 'reset',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'reset',
  UND_ERR_HEADERS_OVERFLOW: 'too_large',
  HPE_HEADER_OVERFLOW: 'too_large',
  UND_ERR_PRX_TLS: 'proxy',
  /** A proxy answered CONNECT with a status other than 200. */
  UND_ERR_ABORTED: 'proxy',
  UND_ERR_DESTROYED: 'aborted',
  UND_ERR_CLOSED: 'aborted',
  ABORT_ERR: 'aborted',
  EPROTO: 'tls',
  [FOREIGN_LISTENER]: 'foreign_listener',
  [UNKNOWN_LISTENER]: 'unknown_listener',
};

/** Codes of Node's TLS layer and of OpenSSL (`man verify`). */
const TLS =
  /^(?:ERR_TLS_|ERR_SSL_|CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_|ERROR_IN_CERT_|CA_)/;

const CERTIFICATE_FAULTS: Readonly<Record<string, CertificateFault>> = {
  UNABLE_TO_GET_ISSUER_CERT: 'unknown_issuer',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'unknown_issuer',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'unknown_issuer',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'unknown_issuer',
  SELF_SIGNED_CERT_IN_CHAIN: 'unknown_issuer',
  CERT_UNTRUSTED: 'unknown_issuer',
  CERT_HAS_EXPIRED: 'expired',
  CERT_NOT_YET_VALID: 'not_yet_valid',
  ERR_TLS_CERT_ALTNAME_INVALID: 'wrong_host',
  HOSTNAME_MISMATCH: 'wrong_host',
};

/** @returns null when the failure is not about the server's certificate */
export function certificateFault(code: string): CertificateFault | null {
  return CERTIFICATE_FAULTS[code] ?? null;
}

const HANDSHAKE_FAULTS: Readonly<Record<string, HandshakeFault>> = {
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'too_old',
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: 'too_old',
  ERR_SSL_WRONG_VERSION_NUMBER: 'not_tls',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'not_tls',
};

/** @returns null when the failure is about neither the version of TLS nor its absence */
export function handshakeFault(code: string): HandshakeFault | null {
  return HANDSHAKE_FAULTS[code] ?? null;
}

/** Before the first byte these concern the next hop, which may be the proxy. */
const NEXT_HOP: readonly TransportReason[] = ['dns', 'refused', 'unreachable'];

/** Classifies a failure by its code; the client's messages quote what was sent and received. */
export function transportReason(code: string, stage: Stage): TransportReason {
  const reason = REASONS[code] ?? (TLS.test(code) ? 'tls' : code.startsWith('HPE_') ? 'malformed' : 'reset');
  return stage.proxied && !stage.begun && NEXT_HOP.includes(reason) ? 'proxy' : reason;
}

/** @returns the code of an error, or of the first of several attempts (one per address); else empty */
export function errorCode(failure: unknown): string {
  if (!(failure instanceof Error)) return '';
  const { code } = failure as { code?: unknown };
  if (typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,63}$/.test(code)) return code;
  // undici's parser sometimes omits its code.
  if (failure.name === 'HTTPParserError') return 'HPE_UNKNOWN';
  return failure instanceof AggregateError ? errorCode(failure.errors[0]) : '';
}

import type { CertificateFault, TransportReason } from '../../domain/transport.js';
import { FOREIGN_LISTENER, UNKNOWN_LISTENER } from './loopback-guard.js';

/** Where a request was when it failed. */
export interface Stage {
  /** Bytes of it may have left: the HTTP client had a connection and began to write. */
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
  /** How the client reports a proxy that answers CONNECT with anything but 200. */
  UND_ERR_ABORTED: 'proxy',
  UND_ERR_DESTROYED: 'aborted',
  UND_ERR_CLOSED: 'aborted',
  ABORT_ERR: 'aborted',
  EPROTO: 'tls',
  [FOREIGN_LISTENER]: 'foreign_listener',
  [UNKNOWN_LISTENER]: 'unknown_listener',
};

/** Codes of Node's TLS layer and of OpenSSL's certificate checks (`man verify`). */
const TLS =
  /^(?:ERR_TLS_|ERR_SSL_|CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_|ERROR_IN_CERT_|CA_)/;

/** Codes of OpenSSL's certificate checks, and Node's own for the name. */
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

/** Before the first byte these are about the next hop, which with a proxy is the proxy. */
const NEXT_HOP: readonly TransportReason[] = ['dns', 'refused', 'unreachable'];

/** Names a failure of the HTTP client by its code; messages of the client quote what was sent and received. */
export function transportReason(code: string, stage: Stage): TransportReason {
  const reason = REASONS[code] ?? (TLS.test(code) ? 'tls' : code.startsWith('HPE_') ? 'malformed' : 'reset');
  return stage.proxied && !stage.begun && NEXT_HOP.includes(reason) ? 'proxy' : reason;
}

/** @returns the code of an error, or of the first of several attempts (one per address); empty when there is none */
export function codeOf(failure: unknown): string {
  if (!(failure instanceof Error)) return '';
  const { code } = failure as { code?: unknown };
  if (typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,63}$/.test(code)) return code;
  // The library's parser sometimes leaves its code out.
  if (failure.name === 'HTTPParserError') return 'HPE_UNKNOWN';
  return failure instanceof AggregateError ? codeOf(failure.errors[0]) : '';
}

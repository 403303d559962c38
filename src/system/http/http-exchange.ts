import { brotliDecompressSync, constants, gunzipSync, inflateRawSync, inflateSync } from 'node:zlib';
import type { Dispatcher } from 'undici';
import { VaultError } from '../../domain/errors.js';
import { type CertificateFault, TransportFailure, type TransportReason } from '../../domain/transport.js';
import type { HttpAnswer } from '../contract.js';
import { FOREIGN_LISTENER, UNKNOWN_LISTENER } from './loopback-guard.js';

type Controller = Pick<Dispatcher.DispatchController, 'abort'>;
type ReceivedHeaders = Readonly<Record<string, string | string[] | undefined>>;

interface Limits {
  /** Milliseconds for the whole exchange. */
  readonly deadline: number;
  readonly signal: AbortSignal | undefined;
  readonly host: string;
  readonly proxied: boolean;
  readonly acceptPart: boolean;
}

/** Both clients' codes for an invalid header. */
const UNSENDABLE = ['UND_ERR_INVALID_ARG', 'ERR_INVALID_CHAR', 'ERR_INVALID_HTTP_TOKEN'];

/**
 * One request and its answer, as the HTTP client reports them. It records whether the first byte was written, which
 * decides whether a failed request can safely be repeated.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly answer: Promise<HttpAnswer>;
  readonly #end = new AbortController();
  #resolve: (answer: HttpAnswer) => void = () => undefined;
  #reject: (reason: Error) => void = () => undefined;

  readonly #limits: Limits;
  readonly #timer: NodeJS.Timeout;
  #controller: Controller | null = null;
  #begun = false;

  #status = 0;
  #headers: Record<string, string> = {};
  readonly #chunks: Buffer[] = [];
  #received = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // After a suspended process wakes up the deadline is over, though the answer may be there: read that first.
    this.#timer = setTimeout(() => setImmediate(() => this.#fail('timeout')), limits.deadline);
    limits.signal?.addEventListener('abort', this.#cancel, { once: true });
    if (limits.signal?.aborted === true) this.#cancel();
  }

  /** Aborted when the exchange has succeeded or failed. */
  get settled(): AbortSignal {
    return this.#end.signal;
  }

  onRequestStart(controller: Controller): void {
    this.#controller = controller;
    // Cancelled while it waited for a connection: nothing has been sent yet.
    if (this.settled.aborted) controller.abort(new Error('given up'));
    else this.#begun = true;
  }

  onResponseStart(_controller: unknown, status: number, headers: ReceivedHeaders): void {
    if (status < 200) return;
    this.#status = status;
    this.#headers = joined(headers);
    if (Number(this.#headers['content-length']) > MAX_BODY_BYTES) this.#fail('too_large');
  }

  onResponseData(_controller: unknown, chunk: Buffer): void {
    this.#received += chunk.length;
    if (this.#received > MAX_BODY_BYTES) this.#fail('too_large');
    else this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    this.#finish(false);
  }

  /** The connection ended a body without an announced length. */
  onConnectionEnd(): void {
    this.#finish(true);
  }

  #finish(endedByClose: boolean): void {
    try {
      const body = this.#body();
      const answer = { status: this.#status, headers: this.#headers, body };
      this.#settle(() => this.#resolve(endedByClose ? { ...answer, endedByClose } : answer));
    } catch (failure) {
      this.#fail(failure instanceof BodyTooLarge ? 'too_large' : 'malformed');
    }
  }

  #body(part = false): string {
    return decodeBody(Buffer.concat(this.#chunks), this.#headers['content-encoding'] ?? '', part);
  }

  onResponseError(_controller: unknown, failure: Error): void {
    const code = clientCode(failure);
    if (UNSENDABLE.includes(code)) this.#settle(() => this.#reject(unsendable(this.#limits.host)));
    else this.#fail(transportReason(code, { begun: this.#begun, proxied: this.#limits.proxied }), code);
  }

  readonly #cancel = (): void => this.#fail('aborted');

  /** @param code of the underlying error, for stack traces; its message would quote what was sent or received */
  #fail(reason: TransportReason, code = ''): void {
    if (this.settled.aborted) return;
    const sent = this.#begun ? 'maybe' : 'no';
    const failure = new TransportFailure(reason, sent, this.#limits.host, {
      certificate: reason === 'tls' ? certificateFault(code) : null,
      ...(code === '' ? {} : { cause: new Error(code) }),
    });
    const part = this.#part(failure);
    this.#settle(() => {
      if (part === null) this.#reject(failure);
      else this.#resolve(part);
      this.#controller?.abort(failure);
    });
  }

  /**
   * What had arrived of the answer, which may be all of it; null when not wanted, cancelled, or nothing arrived. A proxy
   * that decompresses sometimes leaves the header that says otherwise.
   */
  #part(brokenOff: TransportFailure): HttpAnswer | null {
    if (!this.#limits.acceptPart || this.#status === 0 || brokenOff.reason === 'aborted') return null;
    const answer = { status: this.#status, headers: this.#headers, brokenOff };
    try {
      return { ...answer, body: this.#body(true) };
    } catch {
      return { ...answer, body: Buffer.concat(this.#chunks).toString('utf8') };
    }
  }

  #settle(finish: () => void): void {
    if (this.settled.aborted) return;
    clearTimeout(this.#timer);
    this.#end.abort();
    this.#limits.signal?.removeEventListener('abort', this.#cancel);
    finish();
  }
}

function joined(headers: ReceivedHeaders): Record<string, string> {
  const entries = Object.entries(headers).map(([name, value]) => [name, [value ?? []].flat().join(', ')]);
  return Object.fromEntries(entries);
}

function unsendable(host: string): VaultError {
  return new VaultError(
    'config_invalid',
    `the request to ${host} cannot be made, because a header in it is not valid`,
    { hint: 'correct the headers of this provider in config.json' },
  );
}

/** Far more than any answer needs. */
const MAX_BODY_BYTES = 1_048_576;

/** Larger than {@link MAX_BODY_BYTES}, as sent or after decompression. */
class BodyTooLarge extends Error {
  override readonly name = 'BodyTooLarge';
}

/**
 * Undoes one content coding. The decompressor caps its output, so a compression bomb costs no more memory than an
 * ordinary answer.
 *
 * @param part the body may be cut off: returns what can be decompressed
 * @throws BodyTooLarge; any other error for a broken stream or an unknown coding
 */
function decodeBody(body: Buffer, coding: string, part = false): string {
  const limit = { maxOutputLength: MAX_BODY_BYTES, ...(part ? { finishFlush: constants.Z_SYNC_FLUSH } : {}) };
  try {
    switch (coding.trim().toLowerCase()) {
      case '':
      case 'identity':
        return body.toString('utf8');
      case 'gzip':
      case 'x-gzip':
        return gunzipSync(body, limit).toString('utf8');
      case 'deflate':
        return inflated(body, limit).toString('utf8');
      case 'br':
        return unbrotlied(body, part).toString('utf8');
    }
  } catch (failure) {
    if (failure instanceof RangeError) throw new BodyTooLarge();
    throw failure;
  }
  throw new TypeError('unknown content coding');
}

function unbrotlied(body: Buffer, part: boolean): Buffer {
  const finishFlush = part ? constants.BROTLI_OPERATION_FLUSH : constants.BROTLI_OPERATION_FINISH;
  return brotliDecompressSync(body, { maxOutputLength: MAX_BODY_BYTES, finishFlush });
}

/** `deflate` means zlib (RFC 9110 §8.4.1.2), but some servers omit the zlib wrapper. */
function inflated(body: Buffer, limit: { maxOutputLength: number; finishFlush?: number }): Buffer {
  const isWrapped = ((body[0] ?? 0) & 0x0f) === 8 && (((body[0] ?? 0) << 8) | (body[1] ?? 0)) % 31 === 0;
  return isWrapped ? inflateSync(body, limit) : inflateRawSync(body, limit);
}

export interface Stage {
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
function certificateFault(code: string): CertificateFault | null {
  return CERTIFICATE_FAULTS[code] ?? null;
}

/** Before the first byte these concern the next hop, which may be the proxy. */
const NEXT_HOP: readonly TransportReason[] = ['dns', 'refused', 'unreachable'];

/** Classifies a failure by its code; the client's messages quote what was sent and received. */
function transportReason(code: string, stage: Stage): TransportReason {
  const reason = REASONS[code] ?? (TLS.test(code) ? 'tls' : code.startsWith('HPE_') ? 'malformed' : 'reset');
  return stage.proxied && !stage.begun && NEXT_HOP.includes(reason) ? 'proxy' : reason;
}

/** @returns the code of an error, or of the first of several attempts (one per address); else empty */
function clientCode(failure: unknown): string {
  if (!(failure instanceof Error)) return '';
  const { code } = failure as { code?: unknown };
  if (typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,63}$/.test(code)) return code;
  // undici's parser sometimes omits its code.
  if (failure.name === 'HTTPParserError') return 'HPE_UNKNOWN';
  return failure instanceof AggregateError ? clientCode(failure.errors[0]) : '';
}

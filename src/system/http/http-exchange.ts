import { brotliDecompressSync, constants, gunzipSync, inflateRawSync, inflateSync } from 'node:zlib';
import type { Dispatcher } from 'undici';
import { VaultError } from '../../domain/errors.js';
import { TransportFailure, type TransportReason } from '../../domain/transport.js';
import { OVER } from '../../domain/waiting.js';
import type { HttpAnswer } from '../contract.js';
import { certificateFault, errorCode, handshakeFault, transportReason } from '../transport-codes.js';

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
    const code = errorCode(failure);
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
      handshake: reason === 'tls' ? handshakeFault(code) : null,
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
    this.#end.abort(OVER);
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

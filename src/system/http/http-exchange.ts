import type { Dispatcher } from 'undici';
import { VaultError } from '../../domain/errors.js';
import { TransportFailure, type TransportReason } from '../../domain/transport.js';
import type { HttpAnswer } from '../contract.js';
import { BodyTooLarge, decodeBody, MAX_BODY_BYTES } from './http-body.js';
import { certificateFault, codeOf, transportReason } from './http-failure.js';

/** Cuts the connection of a request. */
type Controller = Pick<Dispatcher.DispatchController, 'abort'>;
type ReceivedHeaders = Readonly<Record<string, string | string[] | undefined>>;

interface Limits {
  /** Milliseconds for everything, the body included. */
  readonly deadline: number;
  readonly signal: AbortSignal | undefined;
  readonly host: string;
  readonly proxied: boolean;
  readonly acceptPart: boolean;
}

/** A header that would not be one, as either client says it. */
const UNSENDABLE = ['UND_ERR_INVALID_ARG', 'ERR_INVALID_CHAR', 'ERR_INVALID_HTTP_TOKEN'];

/**
 * One request and its one answer, as the HTTP client reports them. It knows the moment before the first byte is
 * written, which decides whether a failed request may be repeated without risk.
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
    // A process that was stopped, or got no processor, wakes up with the deadline behind it and the answer perhaps before
    // it: what has arrived is read first.
    this.#timer = setTimeout(() => setImmediate(() => this.#fail('timeout')), limits.deadline);
    limits.signal?.addEventListener('abort', this.#cancel, { once: true });
    if (limits.signal?.aborted === true) this.#cancel();
  }

  /** Aborted when there is an end of one kind or the other. */
  get settled(): AbortSignal {
    return this.#end.signal;
  }

  onRequestStart(controller: Controller): void {
    this.#controller = controller;
    // Given up while it waited for a connection: the last moment at which nothing has been sent.
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

  /** The body had no announced end, and the connection has ended. */
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
    const code = codeOf(failure);
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
   * What had arrived of the answer, which may be all there was, whatever broke it off; null when that is not wanted, nobody
   * waits any more, or nothing has arrived. A proxy that undoes a compression sometimes leaves its header.
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
    {
      hint: 'correct the headers of this provider in config.json',
    },
  );
}

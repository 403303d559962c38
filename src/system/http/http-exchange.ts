import type { Dispatcher } from 'undici';
import { VaultError } from '../../domain/errors.js';
import { TransportFailure, type TransportReason } from '../../domain/transport.js';
import type { HttpAnswer } from '../contract.js';
import { BodyTooLarge, decodeBody, MAX_BODY_BYTES } from './http-body.js';
import { codeOf, transportReason } from './http-failure.js';

type Controller = Dispatcher.DispatchController;
type ReceivedHeaders = Readonly<Record<string, string | string[] | undefined>>;

interface Limits {
  /** Milliseconds for everything, the body included. */
  readonly deadline: number;
  readonly signal: AbortSignal | undefined;
  readonly host: string;
  readonly proxied: boolean;
}

/**
 * One request and its one answer, as the HTTP library reports them. It knows the moment before the first byte is
 * written, which decides whether a failed request may be repeated without risk.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly answer: Promise<HttpAnswer>;
  #resolve: (answer: HttpAnswer) => void = () => undefined;
  #reject: (reason: Error) => void = () => undefined;

  readonly #limits: Limits;
  readonly #timer: NodeJS.Timeout;
  #controller: Controller | null = null;
  #begun = false;
  #settled = false;

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

  onRequestStart(controller: Controller): void {
    this.#controller = controller;
    // Given up while it waited for a connection: the last moment at which nothing has been sent.
    if (this.#settled) controller.abort(new Error('given up'));
    else this.#begun = true;
  }

  onResponseStart(_controller: Controller, status: number, headers: ReceivedHeaders): void {
    if (status < 200) return;
    this.#status = status;
    this.#headers = joined(headers);
    if (Number(this.#headers['content-length']) > MAX_BODY_BYTES) this.#fail('too_large');
  }

  onResponseData(_controller: Controller, chunk: Buffer): void {
    this.#received += chunk.length;
    if (this.#received > MAX_BODY_BYTES) this.#fail('too_large');
    else this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    try {
      const body = decodeBody(Buffer.concat(this.#chunks), this.#headers['content-encoding'] ?? '');
      this.#settle(() => this.#resolve({ status: this.#status, headers: this.#headers, body }));
    } catch (failure) {
      this.#fail(failure instanceof BodyTooLarge ? 'too_large' : 'malformed');
    }
  }

  onResponseError(_controller: Controller, failure: Error): void {
    const code = codeOf(failure);
    if (code === 'UND_ERR_INVALID_ARG') this.#settle(() => this.#reject(unsendable(this.#limits.host)));
    else this.#fail(transportReason(code, { begun: this.#begun, proxied: this.#limits.proxied }), code);
  }

  readonly #cancel = (): void => this.#fail('aborted');

  /** @param code of the underlying error, for stack traces; its message would quote what was sent or received */
  #fail(reason: TransportReason, code = ''): void {
    const sent = this.#begun ? 'maybe' : 'no';
    const cause = code === '' ? undefined : new Error(code);
    const failure = new TransportFailure(reason, sent, this.#limits.host, cause);
    this.#settle(() => {
      this.#reject(failure);
      this.#controller?.abort(failure);
    });
  }

  #settle(finish: () => void): void {
    if (this.#settled) return;
    this.#settled = true;
    clearTimeout(this.#timer);
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

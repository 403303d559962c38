/**
 * The embedded authorization server: what a test or the demo can ask of it. It shares no code with oauth/, so
 * that a mistake made on one side of the wire is not made again on the other.
 */
export type DemoEndpoint =
  | 'metadata'
  | 'jwks'
  | 'authorize'
  | 'consent'
  | 'deviceAuthorization'
  | 'device'
  | 'token'
  | 'userinfo'
  | 'revoke';

export type DemoClientAuth = 'none' | 'post' | 'basic' | 'basic-raw';

export interface DemoOptions {
  /** 0, the default: the system chooses. */
  readonly port?: number;
  /** A plain OAuth 2.0 server: no discovery, no id_token. */
  readonly plain?: boolean;
  readonly clientAuth?: DemoClientAuth;
  /** What the token endpoint reads; anything else is `invalid_request`. */
  readonly tokenBody?: 'form' | 'json';
  readonly pkce?: 'required' | 'optional';
  readonly knobs?: Partial<DemoKnobs>;
  /** Opens `POST /control` to whoever sends this as a bearer token. */
  readonly controlSecret?: string;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/** What may change while the server runs. */
export interface DemoKnobs {
  /** Seconds. */
  accessTokenLifetime: number;
  /** `rotate`: a new refresh token with each refresh; `keep`: the first stays good and is not repeated; `none`: never one. */
  refreshTokens: 'rotate' | 'keep' | 'none';
  /** Seconds in which a rotated refresh token is still taken; 0 is strict: any reuse ends the whole family. */
  reuseGrace: number;
  /** The most a consent gives, whatever the person ticks; null: all that was asked. */
  grantOnly: readonly string[] | null;
  /** `iss` in the authorization response (RFC 9207). */
  responseIss: boolean;
  /** Seconds a device code lives. */
  deviceLifetime: number;
  /** Seconds between two polls, which are enforced; null is 5 and not told. */
  deviceInterval: number | null;
  /** How many polls of a device code are answered "not yet", whatever the person has done. */
  devicePendings: number;
  /** Of "not yet": 400 in the standard, 428 at Google, 200 at GitHub. */
  pendingStatus: number;
  /** Of "not so fast": 400 in the standard, 403 at Google. */
  slowDownStatus: number;
  /** Put over the members of each device authorization; undefined leaves one out. */
  deviceMembers: Readonly<Record<string, unknown>>;
  tokenAnswer: 'json' | 'form';
  /** Put over the members of each token answer: `{ expires_in: '3600' }`. */
  answerMembers: Readonly<Record<string, unknown>>;
  /** Left out of each token answer: `['expires_in', 'scope']`. */
  omitMembers: readonly string[];
}

/** An answer sent word for word. */
export interface DemoAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What goes wrong with one request. */
export interface DemoFault {
  /** `before`: the request is not looked at; `after`: it has taken effect (a refresh token has rotated), only the answer suffers. */
  readonly when: 'before' | 'after';
  /** Milliseconds to wait first. */
  readonly delay?: number;
  /** `own`: what it would have sent anyway; `nothing`: the connection closes; `half`: it breaks in the middle of the body. */
  readonly send: 'own' | 'nothing' | 'half' | DemoAnswer;
}

export type DemoEventKind =
  | 'consented'
  | 'denied'
  | 'code_redeemed'
  | 'code_replayed'
  | 'polled_too_fast'
  | 'rotated'
  | 'kept'
  | 'reuse_forgiven'
  | 'reuse_detected'
  | 'family_killed'
  | 'revoked'
  | 'revoked_unknown'
  | 'refused'
  | 'faulted'
  | 'dropped'
  | 'answered';

/** One thing that happened, in order. Tokens appear as short digests only. */
export interface DemoEvent {
  readonly at: number;
  readonly kind: DemoEventKind;
  readonly endpoint: DemoEndpoint;
  /** Digest of the token or code it is about; null when it is about none. */
  readonly token: string | null;
  /** Number of the grant's family; null when there is none. */
  readonly family: number | null;
  /** An error code, a status or a person. */
  readonly note: string | null;
}

export interface DemoServer {
  readonly issuer: string;
  readonly port: number;
  readonly client: { readonly id: string; readonly secret: string | null };
  readonly endpoints: Readonly<Record<DemoEndpoint, string>>;
  /** Set a member to change what the server does from the next request on. */
  readonly knobs: DemoKnobs;
  readonly log: readonly DemoEvent[];
  /** Requests since the start, faulted ones included. */
  readonly requests: Readonly<Record<DemoEndpoint, number>>;
  /** How often each refresh token was presented, by digest. */
  readonly refreshUses: ReadonlyMap<string, number>;
  /** The next `times` requests to this endpoint suffer the fault; several calls queue up. */
  next(endpoint: DemoEndpoint, fault: DemoFault, times?: number): void;
  /** The person removes this program at the provider: every grant ends. */
  endAllGrants(): void;
  /** Every code and token handed out, every verifier received, so that a test can prove that none of them leaked. */
  secrets(): readonly string[];
  close(): Promise<void>;
}

/** How `vault demo` is to walk, and what it needs to show it. */
export interface DemoRequest {
  /** Use a real browser for the login rather than walk the consent page. */
  readonly browser: boolean;
}

export interface DemoTalk {
  /** A heading for what comes next. */
  step(title: string): void;
  /** A command as a user would type it, then what it printed. */
  command(line: string, stdout: string, stderr: string): void;
  note(line: string): void;
}

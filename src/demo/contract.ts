/**
 * The embedded authorization server for tests and `vault demo`. It shares no code with oauth/: a mistake on one side of
 * the wire is not repeated on the other.
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
  /** Default 0: any free port. */
  readonly port?: number;
  /** A plain OAuth 2.0 server: no discovery, no id_token. */
  readonly plain?: boolean;
  readonly clientAuth?: DemoClientAuth;
  /** The accepted encoding at the token endpoint. */
  readonly tokenBody?: 'form' | 'json';
  readonly pkce?: 'required' | 'optional';
  readonly knobs?: Partial<DemoKnobs>;
  readonly now?: () => number;
}

/** Settings that may change while the server runs. */
export interface DemoKnobs {
  /** Seconds. */
  accessTokenLifetime: number;
  /** Seconds. */
  idTokenLifetime: number;
  /** `rotate`: a new one with each refresh; `keep`: the first stays valid and is not repeated; `none`: never one. */
  refreshTokens: 'rotate' | 'keep' | 'none';
  /** Seconds for which a rotated refresh token is still accepted; 0: any reuse ends the family. */
  reuseGrace: number;
  /** The most scopes that a consent grants; null: all requested. */
  grantOnly: readonly string[] | null;
  /** `iss` in the authorization response (RFC 9207). */
  responseIss: boolean;
  /** Seconds a device code lives. */
  deviceLifetime: number;
  /** Seconds between two polls, enforced; null: 5, and missing in the answer. */
  deviceInterval: number | null;
  /** How many polls of a device code are answered `authorization_pending` in any case. */
  devicePendings: number;
  /** The status of `authorization_pending`: 400 in the standard, 428 at Google, 200 at GitHub. */
  pendingStatus: number;
  /** The status of `slow_down`: 400 in the standard, 403 at Google. */
  slowDownStatus: number;
  /** Override members of each device authorization; undefined removes one. */
  deviceMembers: Readonly<Record<string, unknown>>;
  tokenAnswer: 'json' | 'form';
  /** Override members of each token answer: `{ expires_in: '3600' }`. */
  answerMembers: Readonly<Record<string, unknown>>;
  /** Removed from each token answer: `['expires_in', 'scope']`. */
  omitMembers: readonly string[];
}

export interface DemoAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A fault of one request. */
export interface DemoFault {
  /** `before`: the request has no effect; `after`: it has (a refresh token is rotated), only the answer suffers. */
  readonly when: 'before' | 'after';
  readonly delay?: number;
  /** `own`: the normal answer; `nothing`: the connection closes; `half`: it breaks in the middle of the body. */
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

/** An entry of the server's log. Tokens appear as short digests only. */
export interface DemoEvent {
  readonly at: number;
  readonly kind: DemoEventKind;
  readonly endpoint: DemoEndpoint;
  /** Digest of the token or code. */
  readonly token: string | null;
  readonly family: number | null;
  /** An error code, a status or a user. */
  readonly note: string | null;
}

export interface DemoServer {
  readonly issuer: string;
  readonly port: number;
  readonly client: { readonly id: string; readonly secret: string | null };
  readonly endpoints: Readonly<Record<DemoEndpoint, string>>;
  readonly knobs: DemoKnobs;
  readonly log: readonly DemoEvent[];
  /** Requests since the start, with faulted ones. */
  readonly requests: Readonly<Record<DemoEndpoint, number>>;
  /** How often each refresh token was sent, by digest. */
  readonly refreshUses: ReadonlyMap<string, number>;
  /** The next `times` requests to this endpoint get the fault; calls queue up. */
  next(endpoint: DemoEndpoint, fault: DemoFault, times?: number): void;
  /** As if the user removed this program at the provider. */
  endAllGrants(): void;
  /** Whose a valid access token is, and what for; null for any other. */
  introspect(accessToken: string): { readonly email: string; readonly scopes: readonly string[] } | null;
  /** Every issued code and token and every received verifier, for leak tests. */
  secrets(): readonly string[];
  close(): Promise<void>;
}

export interface DemoRequest {
  /** Log in with a real browser; otherwise the demo submits the consent form. */
  readonly browser: boolean;
}

export interface DemoTalk {
  /** Returns when the next chapter may begin. */
  step(title: string): Promise<void>;
  /** A command as typed; what it prints follows. */
  command(line: string): void;
  /** Whole lines. */
  output(text: string, stream: 'stdout' | 'stderr'): void;
  note(line: string): void;
}

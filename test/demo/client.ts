import { createHash, randomBytes } from 'node:crypto';
import { answerConsent, type ConsentChoice } from '../../src/demo/consent-walk.js';
import type { DemoServer } from '../../src/demo/contract.js';

export const REDIRECT = 'http://127.0.0.1:9/callback';

/** What a client knows of the server. */
export type Endpoints = Pick<DemoServer, 'client' | 'endpoints'>;

/** An authorization request with the proof that goes with it. */
export interface Attempt {
  readonly url: string;
  readonly verifier: string;
  readonly state: string;
  readonly nonce: string;
}

export function attempt(demo: Endpoints, changes: Record<string, string | null> = {}): Attempt {
  const verifier = randomBytes(32).toString('base64url');
  const parameters: Record<string, string | null> = {
    response_type: 'code',
    client_id: demo.client.id,
    redirect_uri: REDIRECT,
    scope: 'openid email notes.read',
    state: 'state-example',
    nonce: 'nonce-example',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...changes,
  };
  const url = new URL(demo.endpoints.authorize);
  for (const [name, value] of Object.entries(parameters))
    if (value !== null) url.searchParams.set(name, value);
  return { url: url.href, verifier, state: 'state-example', nonce: 'nonce-example' };
}

export interface TokenAnswer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

export async function post(url: string, parameters: Record<string, string>): Promise<TokenAnswer> {
  const response = await fetch(url, { method: 'POST', body: new URLSearchParams(parameters) });
  const text = await response.text();
  return { status: response.status, body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) };
}

export function redeem(
  demo: Endpoints,
  code: string,
  verifier: string,
  redirectUri = REDIRECT,
): Promise<TokenAnswer> {
  return post(demo.endpoints.token, {
    grant_type: 'authorization_code',
    client_id: demo.client.id,
    redirect_uri: redirectUri,
    code,
    code_verifier: verifier,
  });
}

/** A whole login; returns the token endpoint's answer. */
export async function logIn(
  demo: DemoServer,
  choice: ConsentChoice = {},
  changes: Record<string, string | null> = {},
): Promise<TokenAnswer> {
  const { url, verifier } = attempt(demo, changes);
  const callback = new URL(await answerConsent(url, choice));
  return redeem(demo, callback.searchParams.get('code') ?? '', verifier);
}

export function refresh(
  demo: Endpoints,
  refreshToken: unknown,
  more: Record<string, string> = {},
): Promise<TokenAnswer> {
  const parameters = {
    grant_type: 'refresh_token',
    client_id: demo.client.id,
    refresh_token: String(refreshToken),
  };
  return post(demo.endpoints.token, { ...parameters, ...more });
}

/** What happened, without the answers. */
export function kinds(demo: DemoServer): string[] {
  return demo.log.map((event) => event.kind).filter((kind) => kind !== 'answered');
}

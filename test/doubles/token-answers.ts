import type { Secret } from '../../src/domain/secret.js';
import type { GrantedAnswer, RefusedAnswer } from '../../src/oauth/contract.js';
import { readTokenAnswer } from '../../src/oauth/token-answer.js';
import type { ErrorFacts } from '../../src/providers/contract.js';

const NOW = Date.parse('2026-11-20T12:00:00Z');
export const NO_FACTS: ErrorFacts = { loginNeeded: [], configuration: [], policy: [], transient: [] };

interface Options {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly facts?: ErrorFacts;
  readonly sent?: readonly Secret[];
}

/** Reads a body as the token endpoint's; an object is sent as JSON. */
export function read(body: unknown, options: Options = {}) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const answer = { status: options.status ?? 200, headers: options.headers ?? {}, body: text };
  return readTokenAnswer(answer, options.facts ?? NO_FACTS, NOW, options.sent);
}

export function granted(body: unknown, options: Options = {}): GrantedAnswer {
  const answer = read(body, options);
  if (answer.kind !== 'granted') throw new Error(`refused: ${answer.error}`);
  return answer;
}

export function refused(body: unknown, options: Options = {}): RefusedAnswer {
  const answer = read(body, options);
  if (answer.kind !== 'refused') throw new Error('granted');
  return answer;
}

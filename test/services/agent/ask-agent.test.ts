import { describe, expect, it } from 'vitest';
import { MINUTE } from '../../../src/domain/duration.js';
import { VaultError } from '../../../src/domain/errors.js';
import { type AskSocket, askAgent } from '../../../src/services/agent/ask-agent.js';
import type { TokenRequest } from '../../../src/services/contract.js';
import { tokenDocument } from '../../../src/services/token/token-formats.js';
import { accountExample } from '../../doubles/account.js';

const REQUEST = { selector: 'google', minValid: 5 * MINUTE, scopes: [], refresh: false, withIdentity: false };
const account = accountExample();
const DOCUMENT = tokenDocument({ account, accessToken: { reveal: () => 'access-token-example' } } as never);
const CALLER = { pid: 7, parent: 'bash', terminal: true };

async function ask(answer: Awaited<ReturnType<AskSocket>>, more: Partial<TokenRequest> = {}) {
  const details: string[] = [];
  const asked: (string | undefined)[] = [];
  const socket: AskSocket = async (...question) => {
    asked.push(...question);
    return answer;
  };
  const deps = { ask: socket, caller: () => CALLER, detail: (line: string) => void details.push(line) };
  return { given: await askAgent(deps, { ...REQUEST, ...more }), details, asked };
}

const answered = (status: number, body: unknown, more: Partial<TokenRequest> = {}) =>
  ask({ status, body: typeof body === 'string' ? body : JSON.stringify(body) }, more);

describe('a token from the agent', () => {
  it.each([
    [{}, '/token/google?format=json&min_valid=300s'],
    [{ selector: null, minValid: 1 }, '/token/?format=json&min_valid=1s'],
    [
      { selector: 'notion/Büro', scopes: ['a b', 'c'] },
      '/token/notion%2FB%C3%BCro?format=json&min_valid=300s&scope=a+b&scope=c',
    ],
    [{ withIdentity: true }, '/token/google?format=json&min_valid=300s&email=yes'],
  ])('is asked for by the public route, with the caller in a header: %j', async (request, target) => {
    const { asked } = await answered(200, DOCUMENT, request);
    expect(asked).toEqual(['GET', target, JSON.stringify(CALLER)]);
  });

  it('is as good as one of our own', async () => {
    const body = { ...DOCUMENT, email: 'alice@example.com', warning: 'it ends soon' };
    const { given, details } = await answered(200, body);
    const { provider, label, tokenType, expiresAt, grantedScopes } = account;
    expect(given).toMatchObject({
      account: { provider, label, tokenType, expiresAt, grantedScopes },
      email: 'alice@example.com',
      warning: 'it ends soon',
    });
    expect(given instanceof VaultError ? null : given?.accessToken.reveal()).toBe('access-token-example');
    expect(details).toEqual([]);
  });

  it('is refused when it is not of the type Bearer and its type is not printed', async () => {
    const body = { ...DOCUMENT, token_type: 'DPoP' };
    expect((await answered(200, body)).given).toMatchObject({ code: 'token_type_unsupported' });
    expect((await answered(200, body, { anyType: true })).given).toMatchObject({
      account: { tokenType: 'DPoP' },
    });
  });

  it('that is none comes with the reason', async () => {
    const error = { code: 'login_needed', message: 'log in', hint: 'vault login google', exit_code: 4 };
    const { given, details } = await answered(409, { error });
    expect(given).toMatchObject({ code: 'login_needed', message: 'log in', hint: 'vault login google' });
    expect(details).toEqual(['the agent has no token (login_needed)']);
  });

  it('that does not come in time is reported as busy, for a caller without the key', async () => {
    const { given, details } = await ask('timeout');
    expect(given).toMatchObject({ code: 'busy', hint: 'vault agent status' });
    expect(details).toEqual(['the agent does not answer']);
  });

  it.each([
    ['nothing', () => ask(null), 'the agent does not answer'],
    ['no JSON', () => answered(200, '<html>'), 'cannot be read'],
    ['null', () => answered(200, 'null'), 'cannot be read'],
    ['no token', () => answered(200, { ...DOCUMENT, access_token: '' }), 'cannot be read'],
    ['no type', () => answered(200, { ...DOCUMENT, token_type: null }), 'cannot be read'],
    ['no account', () => answered(200, { ...DOCUMENT, account: null }), 'cannot be read'],
    ['an unknown code', () => answered(500, { error: { code: 'toString', message: 'x' } }), 'cannot be read'],
    ['no message', () => answered(500, { error: { code: 'busy' } }), 'cannot be read'],
  ])('is not taken from an answer with %s', async (_, asking, said) => {
    const { given, details } = await asking();
    expect(given).toBeNull();
    expect(details).toEqual([expect.stringContaining(said)]);
  });
});

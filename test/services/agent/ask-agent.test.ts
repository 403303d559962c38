import { describe, expect, it } from 'vitest';
import { MINUTE } from '../../../src/domain/duration.js';
import { VaultError } from '../../../src/domain/errors.js';
import { type AnswerFromSocket, askAgent } from '../../../src/services/agent/ask-agent.js';
import { VERSION } from '../../../src/version.js';
import { accountExample } from '../../doubles/account.js';

const REQUEST = { selector: 'google', minValid: 5 * MINUTE, scopes: [], refresh: false, withIdentity: false };
const OURS = { 'token-vault': VERSION };
const account = accountExample();
const DOCUMENT = { account, accessToken: 'access-token-example', identity: null, warning: null };

const ASKER = { pid: 7, parent: 'bash', terminal: true };

async function ask(answer: AnswerFromSocket | null) {
  const details: string[] = [];
  const given = await askAgent(
    { ask: async () => answer, asker: () => ASKER, detail: (line) => void details.push(line) },
    REQUEST,
  );
  return { given, details };
}

const answered = (status: number, body: unknown, headers: Readonly<Record<string, string>> = OURS) =>
  ask({ status, headers, body: typeof body === 'string' ? body : JSON.stringify(body) });

describe('a token from the agent', () => {
  it('is as good as one of our own', async () => {
    const { given, details } = await answered(200, { ...DOCUMENT, warning: 'it ends soon' });
    expect(given).toMatchObject({ account, identity: null, warning: 'it ends soon' });
    expect(given instanceof VaultError ? null : given?.accessToken.reveal()).toBe('access-token-example');
    expect(details).toEqual([]);
  });

  it('that is none comes with the reason', async () => {
    const error = { code: 'login_needed', message: 'log in', hint: 'vault login google', exit_code: 4 };
    const { given, details } = await answered(409, { error });
    expect(given).toMatchObject({ code: 'login_needed', message: 'log in', hint: 'vault login google' });
    expect(details).toEqual(['the agent has no token (login_needed)']);
  });

  it.each([
    ['nothing', () => ask(null), 'the agent does not answer'],
    ['another version', () => answered(200, DOCUMENT, { 'token-vault': '0.0.1' }), 'another version'],
    ['something else altogether', () => answered(200, DOCUMENT, {}), 'another version'],
    ['no JSON', () => answered(200, '<html>'), 'makes no sense'],
    ['null', () => answered(200, 'null'), 'makes no sense'],
    ['no token', () => answered(200, { ...DOCUMENT, accessToken: '' }), 'makes no sense'],
    ['no account', () => answered(200, { ...DOCUMENT, account: null }), 'makes no sense'],
    ['an unknown code', () => answered(500, { error: { code: 'toString', message: 'x' } }), 'makes no sense'],
    ['no message', () => answered(500, { error: { code: 'busy' } }), 'makes no sense'],
  ])('is not taken from what answers %s', async (_, asking, said) => {
    const { given, details } = await asking();
    expect(given).toBeNull();
    expect(details).toEqual([expect.stringContaining(said)]);
  });
});

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type * as Library from '../../src/index.js';
import { type LibraryStage, openLibraryStage } from './stage.js';

// The library as it is shipped. Its types are those of its source.
const BUILT = '../../dist/lib/index.js';
const { openVault, Unauthorized } = (await import(BUILT)) as typeof Library;

let stage: LibraryStage;
let vault: Library.OpenedVault;
beforeEach(async () => {
  stage = await openLibraryStage();
  // The server ends tokens long before it says so, as one does that takes them back.
  stage.demo.knobs.accessTokenLifetime = -1;
  stage.demo.knobs.answerMembers = { expires_in: 3_600 };
  await stage.logIn();
  stage.demo.knobs.accessTokenLifetime = 3_600;
  vault = openVault({ home: stage.home });
});
afterEach(async () => {
  await vault.close();
  await stage.close();
});

/** Asks the resource with a token. */
function userinfo(token: string): Promise<Response> {
  return fetch(stage.demo.endpoints.userinfo, { headers: { authorization: `Bearer ${token}` } });
}

describe('withToken', () => {
  it('calls again with a new token after a response with 401', async () => {
    expect((await userinfo(await vault.accessToken('demo'))).status).toBe(401);
    const before = stage.demo.requests.token;
    const response = await vault.withToken('demo', userinfo);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ email: 'ada@example.com' });
    expect(stage.demo.requests.token - before).toBe(1);
  });

  it('does so too after Unauthorized, and returns the operation’s result', async () => {
    const email = await vault.withToken('demo', async (token) => {
      const response = await userinfo(token);
      if (response.status === 401) throw new Unauthorized();
      return ((await response.json()) as { email: string }).email;
    });
    expect(email).toBe('ada@example.com');
  });

  it('makes one refresh for a hundred concurrent operations', async () => {
    const before = stage.demo.requests.token;
    const other = openVault({ home: stage.home });
    try {
      const calls = Array.from({ length: 100 }, (_, index) =>
        (index % 2 === 0 ? vault : other).withToken('demo', userinfo),
      );
      const statuses = (await Promise.all(calls)).map(({ status }) => status);
      expect(new Set(statuses)).toEqual(new Set([200]));
      expect(stage.demo.requests.token - before).toBe(1);
    } finally {
      await other.close();
    }
  });

  it('passes a second refusal through, and does not try a third time', async () => {
    stage.demo.knobs.accessTokenLifetime = -1;
    const before = stage.demo.requests.token;
    expect((await vault.withToken('demo', userinfo)).status).toBe(401);
    expect(stage.demo.requests.token - before).toBe(1);
  });

  it('has a hint when no other token is available', async () => {
    stage.demo.endAllGrants();
    await expect(vault.withToken('demo', userinfo)).rejects.toMatchObject({
      code: 'login_needed',
      hint: 'vault login demo/ada@example.com',
    });
  });

  it('checks scopes and lifetime first, and calls nothing if they do not fit', async () => {
    const never = () => Promise.reject(new Error('must not be called'));
    await expect(vault.withToken('demo', never, { scopes: ['notes.write'] })).rejects.toMatchObject({
      code: 'scope_missing',
    });
    await expect(vault.withToken(undefined, never, { minValid: 'soon' })).rejects.toMatchObject({
      code: 'usage',
    });
  });

  it('is waited for by close, second attempt included', async () => {
    const call = vault.withToken('demo', userinfo);
    await vault.close();
    expect((await call).status).toBe(200);
    await expect(vault.withToken('demo', userinfo)).rejects.toMatchObject({ code: 'usage' });
  });
});

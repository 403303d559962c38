import { describe, expect, it } from 'vitest';
import { type LifetimeFacts, readTokenAnswer } from '../../src/oauth/token-answer.js';
import { granted, read, refused } from '../doubles/token-answers.js';

const token = { access_token: 'access-token-example' };
const TEN_YEARS = 315_360_000;

describe('a granted token answer', () => {
  it('is read completely, with its secrets wrapped', () => {
    const answer = granted({
      ...token,
      refresh_token: 'refresh-token-example',
      token_type: 'Bearer',
      expires_in: 3599,
      refresh_token_expires_in: 604_800,
      scope: 'openid email',
      id_token: 'aa.bb.cc',
      workspace_id: 'workspace-example',
    });
    expect(answer).toMatchObject({
      tokenType: 'Bearer',
      expiresIn: 3599,
      refreshTokenExpiresIn: 604_800,
      scopes: ['openid', 'email'],
      flaws: [],
    });
    expect(answer.members['workspace_id']).toBe('workspace-example');
    expect(answer.accessToken?.reveal()).toBe('access-token-example');
    expect(answer.refreshToken?.reveal()).toBe('refresh-token-example');
    expect(answer.idToken?.reveal()).toBe('aa.bb.cc');
  });

  it.each([
    ['a number', 3600, 3600],
    ['digits', '3600', 3600],
    ['a fraction', 3599.9, 3599],
    ['a fraction in digits', '3599.9', 3599],
    ['more than ten years', 1e308, TEN_YEARS],
    ['more digits than a number holds', '99999999999999999999', TEN_YEARS],
  ])('has a lifetime from %s', (_, value, seconds) => {
    const answer = granted({ ...token, expires_in: value });
    expect(answer).toMatchObject({ expiresIn: seconds, flaws: [] });
  });

  it.each([
    ['null', null],
    ['zero', 0],
    ['the digit zero', '0'],
  ])('has no known lifetime from %s', (_, value) => {
    expect(granted({ ...token, expires_in: value })).toMatchObject({ expiresIn: null, flaws: [] });
    expect(granted(token)).toMatchObject({ expiresIn: null, flaws: [] });
  });

  it.each([[-1], ['-1'], ['3600s'], ['soon'], [true], [{}], [[3600]]])(
    'is flawed, not refused, when its lifetime is %j',
    (value) => {
      const answer = granted({ ...token, expires_in: value });
      expect(answer).toMatchObject({ expiresIn: null, flaws: ['expires_in is not a valid lifetime'] });
    },
  );

  it('may use expires for the lifetime, unless that is a date', () => {
    expect(granted({ ...token, expires: 5_184_000 }).expiresIn).toBe(5_184_000);
    expect(granted({ ...token, expires: 1_795_000_000 })).toMatchObject({
      expiresIn: null,
      flaws: [expect.anything()],
    });
  });

  it.each([
    [undefined, 'Bearer', 0],
    [null, 'Bearer', 0],
    ['bearer', 'Bearer', 0],
    ['BEARER', 'Bearer', 0],
    ['user', 'Bearer', 0],
    ['BearerToken', 'Bearer', 0],
    ['N_A', 'N_A', 0],
    ['', 'Bearer', 0],
    ['DPoP', 'DPoP', 0],
    ['Zoho-oauthtoken', 'Zoho-oauthtoken', 0],
    ['User Access Token', 'Bearer', 1],
    ['Bearer\r\nX-Evil: 1', 'Bearer', 1],
    [7, 'Bearer', 1],
  ])('of token_type %j becomes %s in a header', (value, type, flaws) => {
    const answer = granted({ ...token, token_type: value });
    expect(answer.tokenType).toBe(type);
    expect(answer.flaws).toHaveLength(flaws);
  });

  it.each([[undefined], [null], ['']])('has no refresh token when it is %j', (value) => {
    expect(granted({ ...token, refresh_token: value })).toMatchObject({ refreshToken: null, flaws: [] });
  });

  it('has unknown scopes if they are absent or null, and none if they are empty', () => {
    expect(granted(token).scopes).toBeNull();
    expect(granted({ ...token, scope: null }).scopes).toBeNull();
    expect(granted({ ...token, scope: '' }).scopes).toEqual([]);
    expect(granted({ ...token, scope: 'a,b' }).scopes).toEqual(['a', 'b']);
    expect(granted({ ...token, scope: ['a', 'b'] }).scopes).toEqual(['a', 'b']);
  });

  it.each([
    ['a form', 'access_token=access-token-example&scope=repo%2Cgist&token_type=bearer', 'text/plain'],
    ['a form with a line break at its end', 'access_token=access-token-example&scope=repo,gist\n', ''],
    ['JSON called a web page', '{"access_token":"access-token-example","scope":"repo gist"}', 'text/html'],
    ['JSON after a byte order mark', '\uFEFF{"access_token":"access-token-example","scope":"repo gist"}', ''],
    ['JSON after white space', '\r\n  {"access_token":"access-token-example","scope":"repo gist"}', ''],
  ])('may come as %s', (_, body, type) => {
    const answer = granted(body, { headers: { 'content-type': type } });
    expect(answer.accessToken?.reveal()).toBe('access-token-example');
    expect(answer.scopes).toEqual(['repo', 'gist']);
  });

  it('may have status 201', () => {
    expect(granted(token, { status: 201 }).kind).toBe('granted');
  });

  it('may nest the token of a user', () => {
    const answer = granted({
      ok: true,
      authed_user: {
        id: 'U1',
        ...token,
        refresh_token: 'refresh-token-example',
        expires_in: 43_200,
        token_type: 'user',
        scope: 'a,b',
      },
    });
    expect(answer).toMatchObject({ expiresIn: 43_200, tokenType: 'Bearer', scopes: ['a', 'b'] });
    expect(answer.refreshToken?.reveal()).toBe('refresh-token-example');
  });

  it('may use camel case', () => {
    const answer = granted({
      accessToken: 'access-token-example',
      refreshToken: 'refresh-token-example',
      expiresIn: 60,
    });
    expect(answer.refreshToken?.reveal()).toBe('refresh-token-example');
    expect(answer.expiresIn).toBe(60);
  });

  it.each([['a|b/c+d=='], ['x'], ['a'.repeat(16_384)]])('may have an access token like %.20s', (value) => {
    expect(granted({ access_token: value }).accessToken?.reveal()).toBe(value);
  });

  it('uses the last of two equal members', () => {
    const answer = granted('{"access_token":"first","access_token":"second"}');
    expect(answer.accessToken?.reveal()).toBe('second');
    expect(granted('access_token=first&access_token=second').accessToken?.reveal()).toBe('second');
  });

  it('uses nothing from a prototype in the answer', () => {
    const body =
      '{"access_token":"access-token-example","__proto__":{"refresh_token":"evil","expires_in":1}}';
    const answer = granted(body);
    expect(answer).toMatchObject({ refreshToken: null, expiresIn: null });
    expect(Object.assign({}, answer.members)).not.toHaveProperty('refresh_token');
  });

  it('drops an invalid id_token', () => {
    expect(granted({ ...token, id_token: 'not one' })).toMatchObject({
      idToken: null,
      flaws: ['the id_token is malformed or too long'],
    });
    expect(granted({ ...token, id_token: null })).toMatchObject({ idToken: null, flaws: [] });
  });
});

describe('an access token that cannot be printed', () => {
  const BAD: [unknown][] = [
    ['a\nb'],
    ['a\rb'],
    ['a\u0000b'],
    ['a\u001b[31m'],
    ['a b'],
    ['ä'],
    ['a'.repeat(16_385)],
    [7],
    [{}],
  ];

  it.each(BAD)('(%j) is not returned', (value) => {
    expect(refused({ access_token: value })).toMatchObject({
      class: 'transient',
      error: 'token_unprintable',
    });
  });

  it.each(BAD)('(%j) does not lose the refresh token beside it', (value) => {
    const answer = granted({ access_token: value, refresh_token: 'refresh-token-example' });
    expect(answer.accessToken).toBeNull();
    expect(answer.refreshToken?.reveal()).toBe('refresh-token-example');
    expect(answer.flaws).toHaveLength(1);
  });
});

describe('an answer without an access token', () => {
  it.each([[{}], [{ access_token: null }], [{ access_token: '' }], [{ status: 'ok' }]])(
    '(%j) is transient',
    (body) => {
      expect(refused(body)).toMatchObject({ class: 'transient', error: 'no_access_token' });
    },
  );

  it('does not lose its refresh token', () => {
    const answer = granted({
      refresh_token: 'refresh-token-example',
      expires_in: 'x',
      scope: 7,
      id_token: 7,
    });
    expect(answer).toMatchObject({ accessToken: null, scopes: null, idToken: null });
    expect(answer.refreshToken?.reveal()).toBe('refresh-token-example');
  });

  it('is an error if it names one, even if it repeats the refresh token', () => {
    expect(refused({ error: 'invalid_grant', refresh_token: 'refresh-token-example' }).error).toBe(
      'invalid_grant',
    );
  });
});

describe('an answer with a token and an error', () => {
  it('is granted, because its token may be the only valid one', () => {
    const answer = granted({ ...token, refresh_token: 'refresh-token-example', error: 'odd' });
    expect(answer.flaws).toEqual(['the answer names an error besides the token']);
  });

  it('is refused with an error status', () => {
    expect(read({ ...token, error: 'invalid_grant' }, { status: 400 }).kind).toBe('refused');
  });

  it('has no error if that is empty', () => {
    expect(granted({ ...token, ok: true, error: null }).flaws).toEqual([]);
    expect(granted({ ...token, error: '' }).flaws).toEqual([]);
  });
});

describe('an answer without expires_in', () => {
  const NOW = Date.parse('2026-11-01T00:00:00Z');
  const lifetime = (members: object, facts: LifetimeFacts) => {
    const body = JSON.stringify({ ...token, ...members });
    const errors = { loginNeeded: [], configuration: [], policy: [], transient: [] };
    const answer = readTokenAnswer({ status: 200, headers: {}, body }, errors, NOW, [], facts);
    return answer.kind === 'granted' ? answer.expiresIn : answer.kind;
  };
  const expiresAtMember = 'expires_at';

  it.each([
    ['seconds since the epoch', { expires_at: NOW / 1000 + 60 }, 60],
    ['the same in digits', { expires_at: String(NOW / 1000 + 60) }, 60],
    ['a date', { expires_at: '2026-11-01T00:01:00Z' }, 60],
    ['a time that is over', { expires_at: NOW / 1000 - 60 }, 1],
    ['nothing', {}, null],
    ['no time', { expires_at: 'soon' }, null],
    ['expires_in as well, which counts', { expires_at: NOW / 1000 + 60, expires_in: 30 }, 30],
  ])('ends at the time that another member names: %s', (_, members, seconds) => {
    expect(lifetime(members, { expiresAtMember })).toBe(seconds);
  });

  it('lives as long as is known of the provider', () => {
    expect(lifetime({}, { tokenLifetime: 7200 })).toBe(7200);
    expect(lifetime({ expires_in: 60 }, { tokenLifetime: 7200 })).toBe(60);
  });
});

import { describe, expect, it } from 'vitest';
import {
  canonicalScopes,
  isReadable,
  missingScopes,
  parseScopes,
  readable,
} from '../../src/domain/scopes.js';

const google = {
  scopeAliases: { email: 'https://www.googleapis.com/auth/userinfo.email' },
  scopesNotEchoed: ['offline_access'],
};
const plain = { scopeAliases: {}, scopesNotEchoed: [] };

describe('a scope member', () => {
  it.each([
    ['spaces', 'openid email', ['openid', 'email']],
    ['commas', 'repo,gist', ['repo', 'gist']],
    ['commas and spaces', 'repo, gist', ['repo', 'gist']],
    ['double spaces and edges', '  openid   email ', ['openid', 'email']],
    ['duplicates', 'openid email openid', ['openid', 'email']],
    ['an array', ['chat:read', 'chat:edit', 'chat:read'], ['chat:read', 'chat:edit']],
    ['an array of lists and rubbish', ['a b', 7, null], ['a', 'b']],
    ['the empty string, which grants nothing', '', []],
    ['characters no scope has', 'openid \u001b[31mred\u0000 é', ['openid']],
  ])('is read from %s', (_, value, scopes) => {
    expect(parseScopes(value)).toEqual(scopes);
  });

  it.each([[null], [undefined], [7], [true], [{ scope: 'openid' }]])('is unknown when it is %j', (value) => {
    expect(parseScopes(value)).toBeNull();
  });
});

describe('granted scopes', () => {
  it('are the requested ones when the answer does not say', () => {
    expect(canonicalScopes(['openid', 'email', 'openid'], null, plain)).toEqual(['openid', 'email']);
  });

  it('have the requested name where the provider answers with an alias', () => {
    const answered = ['https://www.googleapis.com/auth/userinfo.email', 'openid'];
    expect(canonicalScopes(['openid', 'email'], answered, google)).toEqual(['openid', 'email']);
  });

  it('keep a short name that the provider echoed', () => {
    expect(canonicalScopes(['email'], ['email'], google)).toEqual(['email']);
  });

  it('include a requested scope that is never echoed, but not an unrequested one', () => {
    expect(canonicalScopes(['offline_access', 'mail'], ['mail'], google)).toEqual(['offline_access', 'mail']);
    expect(canonicalScopes(['mail'], ['mail'], google)).toEqual(['mail']);
  });

  it('include unrequested scopes that were granted, last', () => {
    expect(canonicalScopes(['b'], ['a', 'b'], plain)).toEqual(['b', 'a']);
  });

  it('exclude scopes that the user unticked', () => {
    expect(canonicalScopes(['openid', 'drive'], ['openid'], google)).toEqual(['openid']);
  });

  it('are none when the answer grants none', () => {
    expect(canonicalScopes(['repo'], [], plain)).toEqual([]);
  });

  it('handle scopes named like inherited object members', () => {
    expect(canonicalScopes(['constructor'], ['toString'], plain)).toEqual(['toString']);
  });
});

describe('scopes for display', () => {
  it('are complete, except for an overlong one, which ends in an ellipsis', () => {
    const usual = 'https://www.googleapis.com/auth/cloud-platform.read-only';
    const long = 'x'.repeat(10_000);
    expect([isReadable(usual), isReadable(long)]).toEqual([true, false]);
    expect(readable(`not granted: ${usual} ${long} email`)).toBe(
      `not granted: ${usual} ${'x'.repeat(119)}… email`,
    );
  });
});

describe('missing scopes', () => {
  it('are the requested ones that were not granted, in order, each once', () => {
    expect(missingScopes(['c', 'a', 'b', 'c'], ['b'])).toEqual(['c', 'a']);
  });

  it('are none when all was granted', () => {
    expect(missingScopes(['a'], ['b', 'a'])).toEqual([]);
  });
});

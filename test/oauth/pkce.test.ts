import { calculatePKCECodeChallenge, generateRandomNonce, generateRandomState } from 'oauth4webapi';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.js';
import { codeChallenge, createPkce } from '../../src/oauth/authorize-url.js';

describe('PKCE', () => {
  it('makes the challenge of RFC 7636 Appendix B', () => {
    const verifier = new Secret('dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk');
    expect(codeChallenge(verifier)).toBe('E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM');
  });

  it('agrees with oauth4webapi on the challenge of a new verifier', async () => {
    const { verifier, challenge } = createPkce();
    expect(challenge).toBe(await calculatePKCECodeChallenge(verifier.reveal()));
  });

  it('makes verifiers of 43 to 128 unreserved characters, never the same twice', () => {
    const verifiers = Array.from({ length: 1000 }, () => createPkce().verifier.reveal());
    expect(verifiers.every((verifier) => /^[A-Za-z0-9\-._~]{43,128}$/.test(verifier))).toBe(true);
    expect(new Set(verifiers).size).toBe(1000);
  });

  it.each([
    ['state', generateRandomState],
    ['nonce', generateRandomNonce],
  ])('makes a %s of 256 bits, never the same twice', (_, create) => {
    const values = Array.from({ length: 1000 }, create);
    expect(values.every((value) => Buffer.from(value, 'base64url').length === 32)).toBe(true);
    expect(new Set(values).size).toBe(1000);
  });
});

import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.js';
import { oauthbearer, xoauth2 } from '../../src/oauth/sasl.js';

const decoded = (response: Secret) => Buffer.from(response.reveal(), 'base64').toString('utf8');

describe('XOAUTH2', () => {
  it('equals the example in its documentation', () => {
    const token = new Secret('ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg');
    expect(xoauth2('someuser@example.com', token).reveal()).toBe(
      'dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZGOWRmdDRxbVRjMk52YjNSbGNrQmhkSFJoZG1semRHRXVZMjl0Q2cBAQ==',
    );
  });
});

describe('OAUTHBEARER', () => {
  it('is a GS2 header with the address and the token', () => {
    const response = oauthbearer('user@example.com', new Secret('token-example'));
    expect(decoded(response)).toBe('n,a=user@example.com,\x01auth=Bearer token-example\x01\x01');
  });

  it('encodes characters that would end the address', () => {
    expect(decoded(oauthbearer('a,b=c@example.com', new Secret('t')))).toMatch(
      /^n,a=a=2Cb=3Dc@example\.com,\x01/,
    );
  });
});

describe.each([
  ['XOAUTH2', xoauth2],
  ['OAUTHBEARER', oauthbearer],
])('%s', (_, build) => {
  it('is not built for an address with control characters', () => {
    expect(() => build('a\x01auth=Bearer evil\x01\x01', new Secret('t'))).toThrow(
      expect.objectContaining({ code: 'usage' }),
    );
  });

  it('is a secret like its token', () => {
    expect(String(build('a@example.com', new Secret('t')))).toBe('[redacted]');
  });
});

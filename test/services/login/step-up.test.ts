import { describe, expect, it } from 'vitest';
import { scopesOfChallenge } from '../../../src/services/login/step-up.js';

const HEADER = 'WWW-Authenticate: Bearer error="insufficient_scope", scope="files:write"';

describe('the scopes of a refusal', () => {
  it.each([
    ['the header', HEADER],
    ['its value alone', HEADER.replace(/^.*?: /, '')],
    ['a line of curl -v', `< ${HEADER.toLowerCase()}\r`],
    [
      'the whole answer as curl -i prints it',
      `HTTP/2 403 \r\ncontent-type: text/plain\r\n${HEADER.toLowerCase()}\r\ndate: now\r\n\r\nno`,
    ],
  ])('are read from %s', (_, pasted) => {
    expect(scopesOfChallenge(pasted)).toEqual(['files:write']);
  });

  it.each(['', 'HTTP/2 403\r\ncontent-type: text/plain', 'WWW-Authenticate: Bearer error="invalid_token"'])(
    'are not in %j',
    (pasted) => {
      expect(() => scopesOfChallenge(pasted)).toThrow('stdin holds no WWW-Authenticate header with a scope');
    },
  );
});

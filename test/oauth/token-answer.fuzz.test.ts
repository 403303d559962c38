import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { read } from '../doubles/token-answers.js';

const NAMES = [
  ...[
    'access_token',
    'refresh_token',
    'token_type',
    'expires_in',
    'scope',
    'id_token',
    'error',
    'code',
    'message',
  ],
  ...[
    'error_description',
    'error_codes',
    'errors',
    'suberror',
    'authed_user',
    'ok',
    '__proto__',
    'constructor',
  ],
];
const CANARY = 'canary0000000000000000000';

const values = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom(CANARY, `${CANARY}\n`, 'invalid_grant', '3600', -1, 1e308, null, true),
  fc.array(fc.constantFrom(53003, 'x', null, { errorType: CANARY })),
);
const objects = fc.dictionary(fc.constantFrom(...NAMES), values).map((object) => JSON.stringify(object));
const broken = fc.tuple(objects, fc.nat(200)).map(([text, length]) => text.slice(0, length));
const forms = fc
  .array(fc.tuple(fc.constantFrom(...NAMES), fc.string()))
  .map((pairs) => new URLSearchParams(pairs).toString());
const bodies = fc.oneof(
  { weight: 20, arbitrary: objects },
  { weight: 20, arbitrary: broken },
  { weight: 20, arbitrary: forms },
  { weight: 20, arbitrary: fc.string({ unit: 'binary' }) },
  // Half a megabyte, whose parsing takes 50 ms: a few of them tell as much as hundreds.
  { weight: 1, arbitrary: fc.constant('{"a":'.repeat(100_000)) },
);
const statuses = fc.constantFrom(200, 201, 204, 302, 400, 401, 403, 429, 500, 503);

describe('any answer', () => {
  it('is granted with a usable token or refused with clean words', () => {
    fc.assert(
      fc.property(bodies, statuses, fc.string(), (body, status, retry) => {
        const answer = read(body, { status, headers: { 'retry-after': retry } });
        if (answer.kind === 'granted') {
          expect(answer.accessToken !== null || answer.refreshToken !== null).toBe(true);
          expect(answer.accessToken?.reveal() ?? 'x').toMatch(/^[\x21-\x7e]+$/);
          expect(answer.expiresIn ?? 1).toBeGreaterThanOrEqual(1);
          expect(answer.tokenType).toMatch(/^[A-Za-z][\w.-]*$/);
        } else {
          expect(JSON.stringify(answer)).not.toContain(CANARY);
          expect(`${answer.error}${answer.detail}${answer.description}`).not.toMatch(/[\p{Cc}\p{Cf}]/u);
          expect(answer.retryAfter ?? 0).toBeLessThanOrEqual(3_600_000);
        }
      }),
      { seed: 20_261_120, numRuns: 1_000 },
    );
  });
});

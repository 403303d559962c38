import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Expected, judge } from '../../../src/oauth/loopback/checks.js';
import { rawRequest } from '../../doubles/raw-request.js';
import { STATE, stage } from './stage.js';

const expected: Expected = {
  host: '127.0.0.1:50000',
  path: '/callback',
  pagePath: '/done',
  state: STATE,
  start: null,
};
const asked = { method: 'GET', hosts: [expected.host], cookies: '', unseen: false };

const token = fc.constantFrom(
  'GET',
  'POST',
  '/callback',
  '/done',
  '?',
  '&',
  STATE,
  'code=c',
  'error=e',
  ' ',
  '%',
  '#',
);
const parameter = fc.tuple(
  fc.constantFrom('state', 'state', 'code', 'error', 'x'),
  fc.oneof({ weight: 4, arbitrary: fc.constantFrom(STATE, 'c', '') }, fc.string({ unit: 'binary' })),
);

describe('any request', () => {
  it('is the answer only at the right path with the state and a code or an error', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(fc.array(parameter, { maxLength: 4 }), (parameters) => {
        const target = `/callback?${new URLSearchParams(parameters)}`;
        const verdict = judge({ ...asked, target }, expected);
        const values = (...names: string[]) =>
          parameters.filter(([name]) => names.includes(name)).map((pair) => pair[1]);
        const [state, ...moreStates] = values('state');
        const [only = '', ...more] = values('code', 'error');
        const known = state === STATE && moreStates.length === 0;
        const kind = !known ? 'wrong_state' : only === '' || more.length > 0 ? 'no_answer' : 'answer';
        expect(verdict.kind).toBe(kind);
        seen.add(kind);
      }),
      { seed: 20_261_120, numRuns: 3_000 },
    );
    expect([...seen].sort()).toEqual(['answer', 'no_answer', 'wrong_state']);
  });

  it('is checked without an exception', () => {
    const text = fc
      .array(fc.oneof(token, fc.string({ unit: 'binary', maxLength: 5 })))
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, (rest) => {
        const verdict = judge({ ...asked, target: `/callback${rest}` }, expected);
        expect(verdict.kind).toMatch(/^(?:unknown_path|wrong_state|no_answer|answer)$/);
      }),
      { seed: 20_261_120, numRuns: 3_000 },
    );
  });

  it('leaves the listener able to receive the callback', async () => {
    const login = await stage();
    const line = fc.array(fc.oneof(token, fc.string({ unit: 'binary', maxLength: 20 })), { maxLength: 8 });
    const request = fc
      .array(line, { maxLength: 6 })
      .map((lines) => lines.map((parts) => parts.join('')).join('\r\n'));
    await fc.assert(
      fc.asyncProperty(request, async (text) => {
        // A wrong version at the end makes the server answer, however the request began.
        const { status } = await rawRequest(login.listener.port, `${text}\r\n\r\n\0\r\n\r\n`);
        expect(status).not.toBe(302);
        expect(status).toBeLessThan(506);
      }),
      { seed: 20_261_120, numRuns: 300 },
    );
    expect(await login.outcome()).toBe('waiting');
    expect((await login.get(`/callback?code=c&state=${STATE}`)).status).toBe(302);
  });
});

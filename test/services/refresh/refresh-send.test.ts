import { describe, expect, it } from 'vitest';
import { TransportFailure } from '../../../src/domain/transport.js';
import type { TokenAnswer } from '../../../src/oauth/contract.js';
import {
  LONG_RETRIES,
  NO_RETRIES,
  type RetryPolicy,
  SHORT_RETRIES,
  sendWithRetries,
} from '../../../src/services/refresh/refresh-send.js';
import { clockDouble } from '../../doubles/clock.js';
import { NOW } from '../../doubles/terminal.js';
import { granted, refused } from '../../doubles/token-answers.js';

type Step = TokenAnswer | TransportFailure;

const GRANTED = granted({ access_token: 'access-token-example' });
const BUSY = refused({ error: 'server_error' }, { status: 503 });
const NOT_SENT = new TransportFailure('refused', 'no', 'issuer.example');
const LOST = new TransportFailure('reset', 'maybe', 'issuer.example');
const SILENT = new TransportFailure('timeout', 'maybe', 'issuer.example');
const LIMITED = refused({ error: 'rate_limited' }, { status: 429 });

const patiently = (policy: RetryPolicy, ...steps: readonly Step[]) => sending(policy, () => true, ...steps);

async function sending(policy: RetryPolicy, mayResend: () => boolean, ...steps: readonly Step[]) {
  const clock = clockDouble(NOW);
  let calls = 0;
  const send = async () => {
    const step = steps[calls] ?? steps.at(-1);
    calls += 1;
    if (step instanceof TransportFailure) throw step;
    if (step === undefined) throw new Error('no answer is left');
    return step;
  };
  const pauses: number[] = [];
  const onPause = (length: number) => void pauses.push(length);
  const sent = await sendWithRetries(send, { policy, clock, mayResend, onPause });
  return { calls, ...sent, slept: clock.slept, pauses, now: clock.now() };
}

describe('sending a refresh', () => {
  it.each([
    ['a good answer', GRANTED],
    ['a dead grant', refused({ error: 'invalid_grant' }, { status: 400 })],
    ['a refused client', refused({ error: 'invalid_client' }, { status: 401 })],
    ['a policy', refused({ error: 'access_denied' }, { status: 403 })],
  ])('ends with the first answer if it is %s', async (_, answer) => {
    expect(await patiently(LONG_RETRIES, answer)).toMatchObject({
      calls: 1,
      result: answer,
      slept: [],
      at: NOW,
    });
  });

  it.each([
    ['not sent, however often', SHORT_RETRIES, [NOT_SENT], 3],
    ['not sent, however often, in a bulk run', LONG_RETRIES, [NOT_SENT], 4],
    ['not sent, with a token at hand', NO_RETRIES, [NOT_SENT], 1],
    ['sent and lost', LONG_RETRIES, [LOST], 2],
    ['sent and lost, with a token at hand', NO_RETRIES, [LOST], 2],
    ['answered with trouble', LONG_RETRIES, [BUSY], 2],
    ['answered with trouble, with a token at hand', NO_RETRIES, [BUSY], 1],
    ['lost, then answered with trouble', LONG_RETRIES, [LOST, BUSY], 2],
    ['answered with trouble, then lost', LONG_RETRIES, [BUSY, LOST], 2],
    ['not sent, then lost twice', LONG_RETRIES, [NOT_SENT, NOT_SENT, LOST], 4],
    ['lost, then not sent until patience ends', SHORT_RETRIES, [LOST, NOT_SENT], 4],
    ['not answered in time', LONG_RETRIES, [SILENT], 1],
    ['turned away', LONG_RETRIES, [LIMITED], 2],
  ] as const)('that is %s is tried so often', async (_, policy, steps, calls) => {
    expect((await patiently(policy, ...steps)).calls).toBe(calls);
  });

  it('never sends the same refresh token a third time', async () => {
    const { calls, result } = await patiently(LONG_RETRIES, LOST, NOT_SENT, LOST, GRANTED);
    expect(calls).toBe(3);
    expect(result).toBe(LOST);
  });

  it.each([
    ['lost, then not sent', [LOST, NOT_SENT], true],
    ['answered with trouble, then not sent', [BUSY, NOT_SENT], true],
    ['lost, then refused', [LOST, refused({ error: 'invalid_grant' }, { status: 400 })], true],
    ['lost, then led elsewhere', [LOST, refused('', { status: 302 })], true],
    ['not sent, then lost', [NOT_SENT, LOST], true],
    ['not answered in time', [SILENT], true],
    ['answered with a page in the place of a token', [refused('<html>', { status: 200 })], true],
    ['not sent', [NOT_SENT], false],
    ['turned away', [LIMITED], false],
    ['refused without a word', [refused('', { status: 400 })], false],
    ['of a client that is refused', [refused({ error: 'invalid_client' }, { status: 401 })], false],
    ['answered', [GRANTED], false],
  ] as const)('that is %s: it is remembered whether it may have arrived', async (_, steps, maybe) => {
    const { openSince } = await patiently(SHORT_RETRIES, ...steps);
    expect(openSince !== null).toBe(maybe);
  });

  it('records the first attempt that may have arrived, whatever comes after it', async () => {
    const { openSince, at } = await patiently(LONG_RETRIES, BUSY, LOST);
    expect(openSince).toBe(NOW);
    expect(at).toBeGreaterThan(NOW);
  });

  it.each([
    ['lost', [LOST], 1],
    ['answered with trouble', [BUSY], 1],
    ['not sent, then lost', [NOT_SENT, LOST], 2],
    ['turned away', [LIMITED], 2],
    ['not sent', [NOT_SENT], 4],
  ] as const)(
    'that is %s is not sent again where that is not allowed once it may have arrived',
    async (_, steps, calls) => {
      expect((await sending(LONG_RETRIES, () => false, ...steps)).calls).toBe(calls);
    },
  );

  it('repeats nothing later than a minute after it began', async () => {
    const clock = clockDouble(NOW);
    const send = async () => {
      clock.advance(61_000);
      throw LOST;
    };
    let calls = 0;
    const counted = () => {
      calls += 1;
      return send();
    };
    await sendWithRetries(counted, { policy: LONG_RETRIES, clock, mayResend: () => true });
    expect(calls).toBe(1);
  });

  it('reports when the answered request was begun, not the first one', async () => {
    const { at, now, result } = await patiently(SHORT_RETRIES, NOT_SENT, GRANTED);
    expect(result).toBe(GRANTED);
    expect(at).toBe(now);
    expect(at).toBeGreaterThan(NOW);
  });

  it('passes on a bug', async () => {
    const bug = () => Promise.reject(new TypeError('a bug'));
    const how = { policy: SHORT_RETRIES, clock: clockDouble(NOW), mayResend: () => true };
    await expect(sendWithRetries(bug, how)).rejects.toThrow(TypeError);
  });
});

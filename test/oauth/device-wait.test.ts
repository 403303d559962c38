import { describe, expect, it } from 'vitest';
import { MINUTE, SECOND } from '../../src/domain/duration.js';
import { VaultError } from '../../src/domain/errors.js';
import { Secret } from '../../src/domain/secret.js';
import { TransportFailure } from '../../src/domain/transport.js';
import { type DeviceWait, waitForDevice } from '../../src/oauth/device.js';
import type { Http, HttpAnswer } from '../../src/system/contract.js';
import { clockDouble } from '../doubles/clock.js';
import { plainClient } from '../doubles/provider-bits.js';
import { NOW } from '../doubles/terminal.js';

type Reply = HttpAnswer | TransportFailure;

const said = (status: number, body: unknown, headers: Record<string, string> = {}): Reply => ({
  status,
  headers,
  body: JSON.stringify(body),
});
const PENDING = said(400, { error: 'authorization_pending' });
const SLOW = said(400, { error: 'slow_down' });
const GRANTED = said(200, { access_token: 'access-token-example', token_type: 'Bearer' });
const TROUBLE = said(503, {});
const BROKEN = new TransportFailure('timeout', 'maybe', 'issuer.example');

/** Polls that get these replies in turn; the last one goes on for ever. Tells when each poll came, in seconds. */
async function waited(replies: readonly (Reply | (() => Reply))[], over: Partial<DeviceWait> = {}) {
  const clock = clockDouble(NOW);
  const polls: number[] = [];
  const heard: string[] = [];
  const http: Http = {
    async send() {
      polls.push((clock.now() - NOW) / SECOND);
      const next = replies[Math.min(polls.length, replies.length) - 1];
      const reply = typeof next === 'function' ? next() : next;
      if (reply === undefined || reply instanceof TransportFailure) throw reply;
      return reply;
    },
    close: async () => {},
  };
  const outcome = await waitForDevice(http, {
    ...plainClient,
    endpoint: 'https://issuer.example/token',
    deviceCode: new Secret('device-code-example'),
    clock,
    signal: new AbortController().signal,
    interval: 5,
    endsAt: NOW + 15 * MINUTE,
    now: clock.now,
    onPoll: (standing) => void heard.push(standing),
    ...over,
  });
  return { outcome, polls, heard, clock };
}

describe('the polls of a device login', () => {
  it('begin after one interval, and are an interval apart', async () => {
    const { polls, outcome, heard } = await waited([PENDING, PENDING, GRANTED], { interval: 7 });
    expect(polls).toEqual([7, 14, 21]);
    expect(outcome).toMatchObject({ kind: 'granted', at: NOW + 21 * SECOND });
    expect(heard).toEqual(['pending', 'pending']);
  });

  it('are five seconds further apart after each "slower"', async () => {
    const { polls } = await waited([SLOW, PENDING, SLOW, PENDING, GRANTED]);
    expect(polls).toEqual([5, 15, 25, 40, 55]);
  });

  it('use the interval sent with "slower", or the old one plus five seconds', async () => {
    const named = (interval: number) => said(200, { error: 'slow_down', interval });
    expect((await waited([named(30), PENDING, GRANTED])).polls).toEqual([5, 35, 65]);
    expect((await waited([named(1), PENDING, GRANTED])).polls).toEqual([5, 15, 25]);
  });

  it('wait once for the time in Retry-After', async () => {
    const limited = said(429, {}, { 'retry-after': '90' });
    expect((await waited([limited, PENDING, GRANTED])).polls).toEqual([5, 95, 100]);
  });

  it.each([
    ['no answer', BROKEN],
    ['trouble at the provider', TROUBLE],
    ['the page of a captive portal', { status: 200, headers: {}, body: '<html>' }],
  ])('slow down with each %s, up to a minute, until one is answered', async (_, failure) => {
    const { polls, heard } = await waited([...Array(6).fill(failure), PENDING, GRANTED]);
    expect(polls).toEqual([5, 15, 35, 75, 135, 195, 255, 260]);
    expect(heard.slice(4)).toEqual(['unclear', 'unclear', 'pending']);
  });

  it('are never faster than a long interval, however often they fail', async () => {
    const { polls } = await waited([BROKEN, BROKEN, GRANTED], { interval: 100 });
    expect(polls).toEqual([100, 200, 300]);
  });
});

describe('a device login ends', () => {
  it.each([
    ['when the person says no', said(400, { error: 'access_denied' }), 'declined'],
    ['when the person says no at Entra', said(400, { error: 'authorization_declined' }), 'declined'],
    ['when the code has ended', said(400, { error: 'expired_token' }), 'expired'],
    ['with any other error', said(400, { error: 'bad_verification_code' }), 'refused'],
  ])('%s', async (_, reply, kind) => {
    const { outcome, polls } = await waited([PENDING, reply]);
    expect(outcome).toMatchObject({ kind });
    expect(polls).toHaveLength(2);
  });

  it('when its time is over, without an early poll', async () => {
    const { outcome, polls, clock } = await waited([PENDING], { endsAt: NOW + 13 * SECOND });
    expect(outcome).toEqual({ kind: 'ended', last: null });
    expect(polls).toEqual([5, 10]);
    expect(clock.now()).toBe(NOW + 13 * SECOND);
  });

  it('with the reason why the last poll had no answer', async () => {
    const { outcome } = await waited([PENDING, BROKEN], { endsAt: NOW + 12 * SECOND });
    expect(outcome).toEqual({ kind: 'ended', last: BROKEN });
  });

  it('immediately when it is interrupted, waiting or polling', async () => {
    const stop = new VaultError('interrupted', 'interrupted');
    const asleep = waited([PENDING], { signal: AbortSignal.abort(stop) });
    await expect(asleep).rejects.toBe(stop);
    const controller = new AbortController();
    const cutOff = () => {
      controller.abort(stop);
      return new TransportFailure('aborted', 'maybe', 'issuer.example');
    };
    const asking = waited([PENDING, cutOff], { signal: controller.signal });
    await expect(asking).rejects.toBe(stop);
  });
});

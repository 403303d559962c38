import { randomInt } from 'node:crypto';
import { decided } from './authorize.js';
import { devicePage, deviceResult } from './consent-page.js';
import type { DemoAnswer } from './contract.js';
import { digest, type Family, SCOPES } from './grants.js';
import { json, oauthError, readParameters, refuseClient } from './http.js';
import { type Incoming, mint, type World } from './world.js';

/** RFC 8628 §6.1: no vowels, so that no words appear. */
const LETTERS = 'BCDFGHJKLMNPQRSTVWXZ';

/** The device authorization endpoint (RFC 8628 §3.1, §3.2). */
export function deviceAuthorization(world: World, incoming: Incoming): DemoAnswer {
  const parameters = readParameters(incoming, ['form']);
  if (!parameters) return oauthError(400, 'invalid_request', 'the body must be a form, each name once');
  const refusal = refuseClient(world, incoming, parameters);
  if (refusal) return refusal;
  const scopes = [...new Set(parameters.get('scope')?.split(' ').filter(Boolean) ?? [])];
  if (!scopes.every((scope) => scope in SCOPES))
    return oauthError(400, 'invalid_scope', 'no such scope here');
  const { knobs } = world;
  const deviceCode = mint(world, 'device');
  const userCode = newUserCode();
  world.grants.devices.set(digest(deviceCode), {
    userCode,
    scopes,
    endsAt: world.now() + knobs.deviceLifetime * 1_000,
    interval: (knobs.deviceInterval ?? 5) * 1_000,
    lastPoll: world.now(),
    polls: 0,
    state: 'waiting',
    family: null,
  });
  const page = world.endpoints.device;
  return json(200, {
    device_code: deviceCode,
    user_code: userCode,
    verification_uri: page,
    verification_uri_complete: `${page}?user_code=${userCode}`,
    expires_in: knobs.deviceLifetime,
    ...(knobs.deviceInterval === null ? {} : { interval: knobs.deviceInterval }),
    ...knobs.deviceMembers,
  });
}

/** The page for the user code and the consent (RFC 8628 §3.3). */
export function verification(world: World, incoming: Incoming): DemoAnswer {
  const posted = incoming.method === 'POST';
  const form = posted ? new URLSearchParams(incoming.body) : incoming.url.searchParams;
  const typed = form.get('user_code');
  if (typed === null) return devicePage(world.endpoints.device, null);
  const record = [...world.grants.devices.values()].find(({ userCode }) => userCode === plain(typed));
  if (record?.state !== 'waiting' || record.endsAt < world.now()) {
    return deviceResult(400, 'Unknown or expired code. Check your terminal.');
  }
  if (!posted) return devicePage(world.endpoints.device, record);
  record.family = decided(world, 'device', form, record.scopes);
  record.state = record.family === null ? 'denied' : 'allowed';
  const says = record.family === null ? 'Access was not granted. See' : 'Done. You can go back to';
  return deviceResult(200, `${says} your terminal.`);
}

/**
 * A poll of the token endpoint (RFC 8628 §3.4, §3.5).
 *
 * @returns the family to give tokens of, else the answer
 */
export function pollDevice(world: World, deviceCode: string): Family | DemoAnswer {
  const name = digest(deviceCode);
  const record = world.grants.devices.get(name);
  if (!record || record.state === 'redeemed') return oauthError(400, 'invalid_grant', 'no such device code');
  const now = world.now();
  const tooFast = now - record.lastPoll < record.interval;
  record.lastPoll = now;
  record.polls += 1;
  if (record.endsAt < now) return oauthError(400, 'expired_token', 'the code has expired');
  if (tooFast) {
    record.interval += 5_000;
    world.record('token', 'polled_too_fast', { token: name });
    return oauthError(world.knobs.slowDownStatus, 'slow_down', 'poll less often');
  }
  if (record.state === 'denied') return oauthError(400, 'access_denied', 'the user refused');
  const { family } = record;
  if (family === null || record.polls <= world.knobs.devicePendings) {
    return oauthError(world.knobs.pendingStatus, 'authorization_pending', 'the user has not answered yet');
  }
  record.state = 'redeemed';
  world.record('token', 'code_redeemed', { token: name, family: family.number });
  return family;
}

function newUserCode(): string {
  const part = () => Array.from({ length: 4 }, () => LETTERS[randomInt(LETTERS.length)]).join('');
  return `${part()}-${part()}`;
}

/** Accepts small letters and a missing hyphen (RFC 8628 §6.1). */
function plain(typed: string): string {
  const letters = typed.toUpperCase().replace(/[^A-Z]/g, '');
  return `${letters.slice(0, 4)}-${letters.slice(4)}`;
}

import type { DemoAnswer } from '../../src/demo/contract.js';
import type { Random } from './random.js';

/** Secrets of one answer, none of them real, all of them easy to find where they may not be. */
export interface PlantedSecrets {
  readonly access: string;
  readonly refresh: string;
  readonly identity: string;
  /** The refresh token of the request, which some servers repeat in their errors. */
  readonly sent: string;
}

type Members = Record<string, unknown>;

const STATUSES = [200, 200, 200, 201, 204, 302, 400, 400, 401, 403, 429, 500, 503];
const TYPES = [
  'application/json',
  'application/json; charset=utf-8',
  'text/html',
  'text/plain',
  'image/png',
  '',
];
const FORM = 'application/x-www-form-urlencoded';
const ODD: readonly unknown[] = [
  ...[
    null,
    true,
    false,
    0,
    -1,
    1e308,
    2 ** 53,
    '',
    ' ',
    '3600',
    'soon',
    'NaN',
    '\u0000',
    '\u001b[31m',
    '\u202e',
  ],
  ...[
    [],
    {},
    [null],
    [[[]]],
    { a: { b: null } },
    'x'.repeat(70_000),
    '\ud800',
    'a\r\nset-cookie: b',
    '__proto__',
  ],
];
const NAMES = ['access_token', 'refresh_token', 'error', 'error_description', 'expires_in', 'token_type'];
const RETRY_AFTER = ['0', '-1', '99999999999', 'soon', 'Fri, 31 Dec 9999 23:59:59 GMT', '1e9', ''];

/** What providers really answer, in both kinds, with the secrets where they put them. */
function honest({ access, refresh, identity, sent }: PlantedSecrets): readonly Members[] {
  const granted = { access_token: access, refresh_token: refresh, token_type: 'Bearer', expires_in: 3_600 };
  return [
    { ...granted, scope: 'openid email', id_token: identity },
    { ...granted, refresh_token_expires_in: 604_799, expires_in: '3599', ext_expires_in: 3_599 },
    { ok: true, authed_user: { id: 'U1', scope: 'chat', access_token: access, refresh_token: refresh } },
    { error: 'invalid_grant', error_description: `the token ${sent} has been revoked` },
    {
      error: 'invalid_grant',
      error_codes: [50_173],
      suberror: 'bad_token',
      correlation_id: sent,
      claims: access,
    },
    { object: 'error', status: 401, code: 'unauthorized', message: `API token ${sent} is invalid.` },
    { errors: [{ errorType: 'invalid_token', message: `token ${sent} expired` }], success: false },
  ];
}

/** An honest answer after one to three accidents. */
export function mutated(random: Random): {
  readonly answer: DemoAnswer;
  readonly secrets: PlantedSecrets;
  /** What the answer calls the access token by now; it may be printed whatever it was before. */
  readonly called: unknown;
} {
  const secrets = {
    access: planted('access', random),
    refresh: planted('refresh', random),
    identity: `${planted('identity', random)}.${planted('claims', random)}.${planted('signature', random)}`,
    sent: planted('sent', random),
  };
  let members: Members = { ...random.pick(honest(secrets)) };
  for (let accident = random.whole(3); accident >= 0; accident -= 1) members = changed(members, random);
  const form = random.below(1) < 0.15;
  const text = form ? asForm(members) : JSON.stringify(members);
  const headers: Record<string, string> = { 'content-type': form ? FORM : random.pick(TYPES) };
  if (random.below(1) < 0.2) headers['retry-after'] = random.pick(RETRY_AFTER);
  return {
    answer: { status: random.pick(STATUSES), headers, body: broken(text, random) },
    secrets,
    called: members['access_token'],
  };
}

function planted(what: string, random: Random): string {
  const letters = Array.from({ length: 32 }, () => random.whole(36).toString(36));
  return `canary-${what}-${letters.join('')}`;
}

function changed(members: Members, random: Random): Members {
  const names = Object.keys(members);
  if (names.length === 0) return { access_token: random.pick(ODD) };
  const name = random.pick(names);
  const { [name]: value, ...rest } = members;
  switch (random.whole(6)) {
    case 0:
      return rest;
    case 1:
      return { ...members, [name]: random.pick(ODD) };
    case 2:
      return { ...rest, [random.pick(NAMES)]: value };
    case 3:
      return { ...members, [name]: [value, value] };
    case 4:
      return { ...rest, data: { [name]: value } };
    default:
      return { ...members, [random.pick(NAMES)]: value };
  }
}

function asForm(members: Members): string {
  const pairs = Object.entries(members).map(([name, value]): [string, string] => [name, String(value)]);
  return new URLSearchParams(pairs).toString();
}

/** Accidents of the wire: cut, doubled, in a page, behind a mark, deep, with a byte that flipped. */
function broken(text: string, random: Random): string {
  const at = random.whole(text.length + 1);
  switch (random.whole(12)) {
    case 0:
      return text.slice(0, at);
    case 1:
      return text + text;
    case 2:
      return `<!doctype html><pre>${text}</pre>`;
    case 3:
      return `\ufeff${text}`;
    case 4:
      return `)]}'\n${text}`;
    case 5:
      return `${'['.repeat(20_000)}${text}`;
    case 6:
      return text.slice(0, at) + String.fromCharCode(random.whole(0x250)) + text.slice(at + 1);
    case 7:
      return text.slice(0, at) + text.slice(at + random.whole(8));
    default:
      return text;
  }
}

import { createHash } from 'node:crypto';
import { CARD_STYLE, type Card, escapeHtml, renderCard } from '../../domain/card.js';

/** How a login ended after its answer had come. */
export type LoginOutcome =
  | 'logged_in'
  | 'fewer_scopes'
  | 'wrong_person'
  | 'provider_failed'
  | 'provider_refused'
  | 'key_unavailable'
  | 'vault_failed'
  | 'failed';

/** The pages that a browser can get. They repeat nothing of a request, and nothing of the account. */
export type PageKind =
  | LoginOutcome
  | 'received'
  | 'refused'
  | 'already_done'
  | 'not_part'
  | 'copy'
  | 'opened_twice'
  | 'wrong_browser'
  | 'other_user';

type Words = readonly [title: string, text: string, mark: NonNullable<Card['mark']>];

const GOOD = { sign: '✓', tone: 'good' } as const;
const BAD = { sign: '✕', tone: 'bad' } as const;
const NEUTRAL = { sign: '·', tone: 'neutral' } as const;
const CLOSE = 'You can close this tab.';
const SEE = `The terminal shows what to do next. ${CLOSE}`;

/** @param at the provider's title */
const WORDS: Readonly<Record<PageKind, (at: string) => Words>> = {
  logged_in: (at) => [`Logged in to ${at}`, `You can go back to your terminal. ${CLOSE}`, GOOD],
  fewer_scopes: (at) => [
    `Logged in to ${at}, with fewer permissions`,
    `${at} did not grant every requested scope. The terminal lists the missing ones. ${CLOSE}`,
    { sign: '!', tone: 'neutral' },
  ],
  wrong_person: (at) => [
    'The login failed',
    `A user other than the expected one logged in at ${at}, so nothing was stored. ${SEE}`,
    BAD,
  ],
  provider_failed: (at) => [
    'The login failed',
    `${at} could not be reached, or failed to answer. ${SEE}`,
    BAD,
  ],
  provider_refused: (at) => ['The login failed', `${at} refused the login. ${SEE}`, BAD],
  key_unavailable: () => ['The login failed', `The key of your vault is not available. ${SEE}`, BAD],
  vault_failed: () => ['The login failed', `Your vault could not be opened or written. ${SEE}`, BAD],
  failed: () => ['The login failed', SEE, BAD],
  received: (at) => [
    'You can go back to your terminal',
    `${at} has answered, and the terminal finishes the login. ${CLOSE}`,
    NEUTRAL,
  ],
  refused: () => ['The login was refused', `Access was not granted, and nothing was stored. ${SEE}`, BAD],
  already_done: () => [
    'This login is over',
    `It has already received its answer and accepts no other one. ${CLOSE}`,
    NEUTRAL,
  ],
  not_part: () => [
    'This link is not part of a login',
    `The login that it belonged to may be over, or the link may be incomplete. ${CLOSE}`,
    NEUTRAL,
  ],
  copy: () => [
    'Copy the address of this page',
    'Paste the whole address into the terminal that waits for it. Then you can close this tab.',
    { sign: '→', tone: 'neutral' },
  ],
  opened_twice: () => [
    'This login was stopped',
    `Its start page was opened twice. Another user of this machine may have opened it. ${SEE}`,
    BAD,
  ],
  wrong_browser: () => [
    'This is not the browser of the login',
    `The login accepts the answer only from the browser in which it began, because only that browser has its cookie. To log in from any browser, run the login with --no-browser. ${CLOSE}`,
    BAD,
  ],
  other_user: () => [
    'This login belongs to another user',
    `Another user of this machine began it. If that user is you, and the address of this page contains a code, paste the address into the terminal of the login. If it contains no code, run the login with --no-browser. ${CLOSE}`,
    BAD,
  ],
};

const STYLE_HASH = createHash('sha256').update(CARD_STYLE, 'utf8').digest('base64');

/** For every answer: not cached, not referred, not framed, no active content. */
export const STRICT_HEADERS: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

/** @param at the provider's title, as configured */
export function page(kind: PageKind, at: string): string {
  const [title, text, mark] = WORDS[kind](at);
  return renderCard({ title, body: `<p>${escapeHtml(text)}</p>`, mark });
}

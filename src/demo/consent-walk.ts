import { VaultError } from '../domain/errors.js';

/** The user's choices on the consent page. */
export interface ConsentChoice {
  readonly person?: 'ada' | 'grace';
  /** Boxes to untick. */
  readonly without?: readonly string[];
  readonly deny?: boolean;
}

/** The last page, as a browser would show it. */
export interface ConsentWalk {
  /** The redirect of the authorization server, with the code. */
  readonly callback: string;
  readonly status: number;
  readonly url: string;
  readonly page: string;
}

const MAX_HOPS = 5;
const FORM = /<form method="post" action="([^"]+)"/;

/**
 * Does over HTTP what a browser would: opens the authorization URL, or the start page of a login, submits the consent
 * form, and follows the redirect to the listener.
 *
 * @throws VaultError `provider_answer_invalid` when there is no such page or no redirect after it
 */
export async function walkConsent(
  authorizationUrl: string,
  choice: ConsentChoice = {},
): Promise<ConsentWalk> {
  const { url: address, cookie } = await begun(authorizationUrl);
  const callback = await answerConsent(address, choice);
  let url = callback;
  let response = await get(url, cookie);
  for (let hop = 0; hop < MAX_HOPS && isRedirect(response); hop += 1) {
    url = new URL(response.headers.get('location') ?? '', url).href;
    response = await get(url, cookie);
  }
  return { callback, status: response.status, url, page: await response.text() };
}

/** The start page of a login sets a cookie and redirects to the server. */
async function begun(url: string): Promise<{ url: string; cookie: string }> {
  if (new URL(url).search !== '') return { url, cookie: '' };
  const start = await get(url);
  const [cookie = ''] = start.headers.getSetCookie().map((line) => line.split(';', 1)[0] ?? '');
  return { url: location(start, url), cookie };
}

/** Consents, but does not follow the last redirect: returns its URL, as a user would paste it. */
export async function answerConsent(authorizationUrl: string, choice: ConsentChoice = {}): Promise<string> {
  const shown = await get(authorizationUrl);
  // A refused request is answered by a redirect with an error.
  if (isRedirect(shown)) return location(shown, authorizationUrl);
  const answer = await submit(shown, authorizationUrl, choice);
  await answer.arrayBuffer();
  return location(answer, authorizationUrl);
}

/**
 * Opens a verification URI (RFC 8628 §3.3), types the code and submits the consent form.
 *
 * @returns the last page
 */
export async function walkDevice(
  verificationUri: string,
  userCode: string,
  choice: ConsentChoice = {},
): Promise<string> {
  const target = new URL(verificationUri);
  target.searchParams.set('user_code', userCode);
  return (await submit(await get(target.href), target.href, choice)).text();
}

async function submit(shown: Response, url: string, choice: ConsentChoice): Promise<Response> {
  const page = await shown.text();
  const action = FORM.exec(page)?.[1];
  if (shown.status !== 200 || action === undefined)
    throw unexpected(`no consent page, but status ${shown.status}`);
  return fetch(new URL(action, url), { method: 'POST', redirect: 'manual', body: fill(page, choice) });
}

/** The form data a browser would send. */
function fill(page: string, choice: ConsentChoice): URLSearchParams {
  const form = new URLSearchParams();
  for (const [input] of page.matchAll(/<input [^>]*>/g)) {
    const name = attribute(input, 'name');
    const value = attribute(input, 'value');
    const ticked = /\schecked\b/.test(input);
    const type = attribute(input, 'type');
    if (type === 'hidden') form.append(name, value);
    if (type === 'radio' && (choice.person === undefined ? ticked : value === choice.person))
      form.append(name, value);
    if (type === 'checkbox' && ticked && !choice.without?.includes(value)) form.append(name, value);
  }
  form.append('decision', choice.deny ? 'deny' : 'allow');
  return form;
}

function attribute(input: string, name: string): string {
  return new RegExp(`\\b${name}="([^"]*)"`).exec(input)?.[1] ?? '';
}

function get(url: string, cookie = ''): Promise<Response> {
  return fetch(url, { redirect: 'manual', headers: cookie === '' ? {} : { cookie } });
}

function isRedirect(response: Response): boolean {
  return response.status >= 300 && response.status < 400 && response.headers.has('location');
}

function location(response: Response, base: string): string {
  const target = response.headers.get('location');
  if (target === null) throw unexpected(`no redirect after the consent page, but status ${response.status}`);
  return new URL(target, base).href;
}

function unexpected(what: string): VaultError {
  return new VaultError('provider_answer_invalid', `the demo server behaved unexpectedly: ${what}`);
}

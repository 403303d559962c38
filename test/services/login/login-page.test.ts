import { afterEach, beforeEach, expect, it } from 'vitest';
import { answerConsent, type ConsentChoice } from '../../../src/demo/consent-walk.js';
import type { LoginRequest } from '../../../src/services/login/login-request.js';
import { browserDouble } from '../../doubles/browser.js';
import { oauthRefusal, serverError } from '../../doubles/demo-faults.js';
import { type LoginTest, loginTest } from './login-test.js';

let stage: LoginTest;
beforeEach(async () => {
  stage = await loginTest();
});
afterEach(() => stage.close());

/** The last page that the browser shows. The login may fail. */
async function lastPage(request: Partial<LoginRequest> = {}, choice: ConsentChoice = {}): Promise<string> {
  let page = '';
  const browser = browserDouble(async (url, goTo) => {
    page = await (await goTo(await answerConsent(url, choice))).text();
  });
  await stage.logIn(request, { browser }).catch(() => undefined);
  await browser.done();
  return page;
}

it('the browser shows that the login was successful', async () => {
  expect(await lastPage()).toContain('Logged in to demo');
});

it('the browser shows that scopes are missing', async () => {
  expect(await lastPage({}, { without: ['email'] })).toContain('with fewer permissions');
});

it('the browser shows that another user logged in, and not who', async () => {
  const page = await lastPage({ loginHint: 'grace@example.com' }, { person: 'ada' });
  expect(page).toContain('A user other than the expected one logged in at demo');
  expect(page).not.toMatch(/ada|grace/i);
});

it.each([
  ['refused the client', oauthRefusal('invalid_client', 401), 'demo refused the login'],
  ['failed', serverError(), 'demo could not be reached, or failed to answer'],
])('the browser shows that the provider %s', async (_, fault, words) => {
  stage.demo.next('token', fault);
  const page = await lastPage();
  expect(page).toContain('The login failed');
  expect(page).toContain(words);
});

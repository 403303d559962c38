import type { LoginMachine } from '../../../src/access/login-machine.js';
import { answerConsent, type ConsentChoice } from '../../../src/demo/consent-walk.js';
import type { DemoOptions, DemoServer } from '../../../src/demo/contract.js';
import { startDemoServer } from '../../../src/demo/server.js';
import { login } from '../../../src/services/login/login.js';
import type { LoginContext } from '../../../src/services/login/login-finish.js';
import type {
  LoginEvent,
  LoginRequest,
  LoginResult,
  LoginTalk,
} from '../../../src/services/login/login-request.js';
import { type BrowserDouble, browserDouble } from '../../doubles/browser.js';
import { type TestContext, testContext } from '../../harness/test-context.js';

/** A vault, the demo server, and a configuration that joins them under the name `demo`. */
export interface LoginTest extends TestContext {
  readonly demo: DemoServer;
  /** What the user was told, in order. */
  readonly told: LoginEvent[];
  /** The pages of the provider that the browser has shown, in order. */
  readonly shown: string[];
  /** Logs in with a browser in which the user answers as given. */
  logIn(request?: Partial<LoginRequest>, over?: Over): Promise<LoginResult>;
}

export interface Over extends Partial<LoginContext>, Partial<LoginMachine> {
  readonly choice?: ConsentChoice;
  readonly pasted?: LoginTalk['pasted'];
}

export const REQUEST: LoginRequest = {
  name: 'demo',
  as: null,
  scopes: [],
  addScopes: [],
  loginHint: null,
  openBrowser: true,
  pasteOnly: false,
  device: false,
  port: null,
  timeout: 10_000,
};

export async function loginTest(options: DemoOptions = {}): Promise<LoginTest> {
  const base = await testContext();
  const demo = await startDemoServer({ now: base.clock.now, ...options });
  const { client, endpoints, issuer } = demo;
  const plain = {
    authorizationEndpoint: endpoints.authorize,
    tokenEndpoint: endpoints.token,
    revocationEndpoint: endpoints.revoke,
    scopes: ['email', 'notes.read'],
  };
  Object.assign(base.settings, { clientId: client.id }, options.plain ? plain : { issuer });
  if (client.secret !== null) base.settings['clientSecret'] = client.secret;
  const machine = await base.ctx.loginMachine();
  const told: LoginEvent[] = [];
  const shown: string[] = [];
  return {
    ...base,
    demo,
    told,
    shown,
    async logIn(request = {}, { choice = {}, pasted = null, ...over } = {}) {
      const browser: BrowserDouble = browserDouble(
        async (url, goTo) => goTo(await answerConsent(url, choice)),
        shown,
      );
      const talk: LoginTalk = { on: (event) => void told.push(event), pasted };
      const loginMachine = async () => ({ ...machine, browser, ...over });
      const result = await login({ ...base.ctx, loginMachine, ...over }, { ...REQUEST, ...request }, talk);
      if (over.browser === undefined) await browser.done();
      return result;
    },
    async close() {
      await demo.close();
      await base.close();
    },
  };
}

/** What a person types, line after line; then they wait. */
export function typing(...lines: readonly string[]): NonNullable<LoginTalk['pasted']> {
  return async function* (signal) {
    yield* lines;
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
  };
}

import { join } from 'node:path';
import type { LoginMachine } from '../../../src/access/login-machine.js';
import { readAccountNames } from '../../../src/config/account-names.js';
import { configureProvider } from '../../../src/config/settings.js';
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
import type { RevokeContext } from '../../../src/services/revoke/revoke.js';
import { eventQueue } from '../../../src/stores/audit-queue.js';
import { type BrowserDouble, browserDouble } from '../../doubles/browser.js';
import { sources } from '../../doubles/settings-sources.js';
import { DESKTOP } from '../../doubles/surroundings.js';
import { uninterrupted } from '../refresh/refreshing.js';
import { openVaultStage, type VaultStage } from '../stage.js';

/** A vault, the demo server, and a configuration that joins them under the name `demo`. */
export interface LoginStage extends VaultStage {
  readonly demo: DemoServer;
  /** What `config.json` says about the provider; change it at will. */
  readonly settings: Record<string, unknown>;
  readonly ctx: LoginContext & RevokeContext;
  /** What the person was told, in order. */
  readonly told: LoginEvent[];
  /** The pages of the provider that the browser has shown, in order. */
  readonly shown: string[];
  /** Logs in with a browser in which the person answers as given. */
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

export async function openLoginStage(options: DemoOptions = {}): Promise<LoginStage> {
  const base = await openVaultStage();
  const demo = await startDemoServer({ now: base.clock.now, ...options });
  const settings: Record<string, unknown> = { clientId: demo.client.id };
  if (options.plain) {
    Object.assign(settings, {
      authorizationEndpoint: demo.endpoints.authorize,
      tokenEndpoint: demo.endpoints.token,
      revocationEndpoint: demo.endpoints.revoke,
      scopes: ['email', 'notes.read'],
    });
  } else Object.assign(settings, { issuer: demo.issuer });
  if (demo.client.secret !== null) settings['clientSecret'] = demo.client.secret;
  const told: LoginEvent[] = [];
  const shown: string[] = [];
  const machine: LoginMachine = {
    surroundings: DESKTOP,
    browser: { open: () => Promise.reject(new Error('no browser must be opened here')) },
    isOtherUser: async () => false,
    isOthersPort: async () => false,
  };
  const readText = (path: string) => base.files.read(path, 1_000_000)?.toString('utf8') ?? null;
  const ctx = {
    wantedAccount: null,
    accountNames: async () => readAccountNames(readText(base.paths.configFile), base.paths.configFile),
    readText,
    paths: base.paths,
    files: base.files,
    vault: async () => base.vault,
    vaultOrNew: async () => base.vault,
    locks: base.locks,
    spill: async () => base.spill,
    http: async () => base.http,
    loginMachine: async () => machine,
    refresher: () => Promise.reject(new Error('no refresher must be started here')),
    clock: base.clock,
    audit: base.audit,
    events: { queue: eventQueue(join(base.folder, 'audit'), base.files) },
    notice: (line: string) => void base.notices.push(line),
    settings: async () => sources({ config: { providers: { demo: settings } } }),
    provider: async (name: string) =>
      configureProvider(name, sources({ config: { providers: { demo: settings } } })),
    interruption: uninterrupted(),
  };
  return {
    ...base,
    demo,
    settings,
    ctx,
    told,
    shown,
    async logIn(request = {}, { choice = {}, pasted = null, ...over } = {}) {
      const browser: BrowserDouble = browserDouble(
        async (url, goTo) => goTo(await answerConsent(url, choice)),
        shown,
      );
      const talk: LoginTalk = { on: (event) => void told.push(event), pasted };
      const loginMachine = async () => ({ ...machine, browser, ...over });
      const result = await login({ ...ctx, loginMachine, ...over }, { ...REQUEST, ...request }, talk);
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

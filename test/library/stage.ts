import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Context, createContext } from '../../src/context.js';
import { type ConsentChoice, walkConsent } from '../../src/demo/consent-walk.js';
import type { DemoServer } from '../../src/demo/contract.js';
import { startDemoServer } from '../../src/demo/server.js';
import { login } from '../../src/services/login/login.js';
import type { LoginRequest } from '../../src/services/login/login-request.js';
import type { Host } from '../../src/system/contract.js';
import { hostOf } from '../harness/test-context.js';

/** A person’s vault folder with a key file, and the demo server that `config.json` in it leads to. */
export interface LibraryStage {
  readonly home: string;
  readonly demo: DemoServer;
  readonly notices: string[];
  /** The use cases over this folder, in an environment that holds nothing else but what is given. */
  app(env?: Host['env'], over?: { readonly envFile?: string; readonly interruption?: AbortSignal }): Context;
  logIn(request?: Partial<LoginRequest>, choice?: ConsentChoice): Promise<string>;
  /** An account whose access token expires in a second. */
  logInBriefly(): Promise<string>;
  configure(change: Readonly<Record<string, unknown>>): void;
  config(): Record<string, unknown>;
  close(): Promise<void>;
}

/** Built before the tests run; refreshes are done by it. */
const COMMAND_LINE = fileURLToPath(new URL('../../bin/vault.js', import.meta.url));

export async function openLibraryStage(): Promise<LibraryStage> {
  const home = mkdtempSync(join(tmpdir(), 'vault-library-'));
  const demo = await startDemoServer();
  const notices: string[] = [];
  const opened: Context[] = [];
  const file = join(home, 'config.json');
  const write = (config: unknown) => writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
  write({ keySource: 'file', providers: { demo: { issuer: demo.issuer, clientId: demo.client.id } } });

  const stage: LibraryStage = {
    home,
    demo,
    notices,
    app(env = {}, { envFile = null, interruption = new AbortController().signal } = {}) {
      const self = [process.execPath, COMMAND_LINE] as const;
      const host = hostOf({ VAULT_HOME: home, ...env }, { self, interruption });
      const app = createContext(host, { profile: null, envFile, notice: (line) => void notices.push(line) });
      opened.push(app);
      return app;
    },
    async logIn(request = {}, choice = {}) {
      const app = stage.app();
      const usual = {
        name: 'demo',
        as: null,
        scopes: [],
        addScopes: [],
        loginHint: null,
        port: null,
        timeout: 10_000,
      };
      let walked: Promise<unknown> = Promise.resolve();
      const { account } = await login(
        app,
        { ...usual, openBrowser: false, pasteOnly: false, device: false, ...request },
        {
          on(event) {
            if (event.kind === 'authorize') walked = walkConsent(event.url, choice);
          },
          pasted: null,
        },
      );
      await walked;
      await app.close();
      return `${account.provider}/${account.label}`;
    },
    async logInBriefly() {
      const lifetime = demo.knobs.accessTokenLifetime;
      demo.knobs.accessTokenLifetime = 1;
      const name = await stage.logIn();
      demo.knobs.accessTokenLifetime = lifetime;
      return name;
    },
    configure: (change) => write({ ...stage.config(), ...change }),
    config: () => JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>,
    async close() {
      for (const app of opened) await app.close();
      await demo.close();
      rmSync(home, { recursive: true, force: true });
    },
  };
  return stage;
}

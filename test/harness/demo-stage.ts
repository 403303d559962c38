import { setTimeout as sleep } from 'node:timers/promises';
import type { ConsentChoice } from '../../src/demo/consent-walk.js';
import type { DemoOptions, DemoServer } from '../../src/demo/contract.js';
import { startDemoServer } from '../../src/demo/server.js';
import { type Canaries, createCanaries } from './canaries.js';
import { type CliOptions, type CliRun, runVault } from './cli.js';
import { consenting, logIn } from './login.js';
import { brokenPromises } from './promises.js';
import { makeTempHome, type TempHome } from './temp-home.js';

/** A person's machine and the demo server, with a configuration that joins them under the name `demo`. */
export interface DemoStage {
  readonly home: TempHome;
  readonly demo: DemoServer;
  readonly canaries: Canaries;
  vault(args: readonly string[], options?: CliOptions): Promise<CliRun>;
  logIn(args?: readonly string[], choice?: ConsentChoice, options?: CliOptions): Promise<CliRun>;
  /** An account whose access token has ended. @returns its name */
  logInExpired(args?: readonly string[]): Promise<string>;
  /** Changes the provider's settings in `config.json`. */
  set(settings: Readonly<Record<string, unknown>>): void;
  /** Requests at the token endpoint since the last time this was asked. */
  tokenRequests(): number;
  /** Ends everything and tells which promises were broken. */
  close(): Promise<string[]>;
}

export interface StageOptions {
  readonly server?: DemoOptions;
  /** Over the provider's own settings. */
  readonly provider?: Readonly<Record<string, unknown>>;
  /** Over the configuration. */
  readonly config?: Readonly<Record<string, unknown>>;
}

export async function openDemoStage(options: StageOptions = {}): Promise<DemoStage> {
  const demo = await startDemoServer(options.server);
  const settings = options.server?.plain ? plainSettings(demo) : oidcSettings(demo);
  const home = makeTempHome({
    keySource: 'file',
    ...options.config,
    providers: { demo: { ...settings, ...options.provider } },
  });
  const canaries = createCanaries();
  let counted = 0;
  const stage: DemoStage = {
    home,
    demo,
    canaries,
    vault: (args, cliOptions) => runVault(args, home, cliOptions),
    logIn: (args = [], choice = {}, cliOptions = {}) =>
      logIn(home, ['demo', ...args], consenting(choice), cliOptions),
    async logInExpired(args = []) {
      const lifetime = demo.knobs.accessTokenLifetime;
      demo.knobs.accessTokenLifetime = 1;
      const { stdout } = await stage.logIn(args);
      demo.knobs.accessTokenLifetime = lifetime;
      await sleep(1_100);
      return stdout.trim();
    },
    set(changes) {
      const config = home.config();
      home.configure({ ...config, providers: { demo: { ...config.providers['demo'], ...changes } } });
    },
    tokenRequests() {
      const fresh = demo.requests.token - counted;
      counted = demo.requests.token;
      return fresh;
    },
    async close() {
      await demo.close();
      learn(canaries, demo);
      const broken = brokenPromises(home, canaries);
      home.remove();
      return broken;
    },
  };
  return stage;
}

function oidcSettings(demo: DemoServer): Record<string, unknown> {
  return { issuer: demo.issuer, clientId: demo.client.id };
}

function plainSettings(demo: DemoServer): Record<string, unknown> {
  return {
    authorizationEndpoint: demo.endpoints.authorize,
    tokenEndpoint: demo.endpoints.token,
    revocationEndpoint: demo.endpoints.revoke,
    userinfoEndpoint: demo.endpoints.userinfo,
    clientId: demo.client.id,
    scopes: ['email', 'profile', 'notes.read'],
    identity: { from: 'userinfo', subject: ['sub'], email: ['email'], name: ['name'] },
  };
}

/** The client secret stands in the user's own `config.json`, so it is no canary. */
function learn(canaries: Canaries, demo: DemoServer): void {
  for (const value of demo.secrets()) {
    if (value === demo.client.secret) continue;
    if (value.startsWith('demo-access-')) canaries.accessToken(value);
    // Base64url of `{"`, as every JWT begins.
    else if (value.startsWith('eyJ')) canaries.idToken(value);
    else canaries.secret(value);
  }
}

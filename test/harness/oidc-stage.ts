import { type Canaries, createCanaries } from './canaries.js';
import { type CliRun, runVault } from './cli.js';
import { OIDC_PROVIDER, type OidcServer, startOidcServer } from './oidc-server.js';
import { brokenPromises } from './promises.js';
import { makeTempHome, type TempHome } from './temp-home.js';

/** A user's machine and a real authorization server. */
export interface OidcStage {
  readonly server: OidcServer;
  readonly home: TempHome;
  readonly canaries: Canaries;
  /** The environment of the commands; change it at will. */
  readonly env: Record<string, string>;
  vault(...args: readonly string[]): Promise<CliRun>;
  /** What a command prints with `--json`. */
  // biome-ignore lint/suspicious/noExplicitAny: each test knows its document.
  json(...args: readonly string[]): Promise<any>;
  /** Requests at the token endpoint so far. */
  tokenRequests(): number;
  /** Secrets in output or files. */
  broken(): string[];
  close(): Promise<void>;
}

/** @param more providers of `config.json`, besides the one that has a login */
export async function openOidcStage(
  more: (server: OidcServer) => Readonly<Record<string, Readonly<Record<string, unknown>>>> = () => ({}),
): Promise<OidcStage> {
  const canaries = createCanaries();
  const server = await startOidcServer(canaries);
  const { issuer, clientId } = server;
  const providers = { [OIDC_PROVIDER]: { issuer, clientId }, ...more(server) };
  const home = makeTempHome({ keySource: 'file', providers });
  const env: Record<string, string> = {};
  const vault = (...args: readonly string[]) => runVault(args, home, { env });
  return {
    ...{ server, home, canaries, env, vault },
    json: async (...args) => JSON.parse((await vault(...args, '--json')).stdout),
    tokenRequests: () => server.requests.get('POST /token') ?? 0,
    broken: () => brokenPromises(home, canaries),
    async close() {
      await server.close();
      home.remove();
    },
  };
}

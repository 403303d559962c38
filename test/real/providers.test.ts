import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { catalogue } from '../../src/providers/index.js';
import { hasOpenssl } from '../doubles/certificate.js';
import { PROVIDER_ANSWERS } from '../doubles/provider-answers.js';
import { type CliRun, runVault, startVault } from '../harness/cli.js';
import { logIn } from '../harness/login.js';
import { clientOf, openProviderWorld, type ProviderWorld } from '../harness/provider-world.js';
import { makeTempHome, type TempHome } from '../harness/temp-home.js';

const ENTRIES = Object.entries(PROVIDER_ANSWERS);
const NAMES = Object.keys(PROVIDER_ANSWERS);
const PASTED = 'https://example.com/callback';

/** What was seen in the whole life of an account at each provider. */
interface Life {
  readonly logins: Readonly<Record<string, CliRun>>;
  readonly tokens: Readonly<Record<string, string>>;
  readonly refreshed: readonly unknown[];
  readonly missing: Readonly<Record<string, readonly string[]>>;
  readonly ended: Readonly<Record<string, string>>;
  readonly revoked: CliRun;
}

let home: TempHome;
let world: ProviderWorld;
let life: Life;

beforeAll(async () => {
  if (!hasOpenssl) return;
  home = makeTempHome({ keySource: 'file', providers: { yahoo: { redirectUri: PASTED } } });
  world = await openProviderWorld(home.root);
  life = await live();
}, 110_000);

afterAll(async () => {
  await world?.close();
  home?.remove();
});

/** Logs in, refreshes twice, loses scopes, loses the grant, and revokes: each with the built command line. */
async function live(): Promise<Life> {
  const env = { ...world.env, ...clients() };
  const vault = (...args: string[]) => runVault(args, home, { env });
  const logins: Record<string, CliRun> = {};
  const tokens: Record<string, string> = {};
  const toRead: string[] = [];
  const logInAt = async (name: string) => {
    logins[name] =
      name === 'yahoo'
        ? await pasteIn(name, env)
        : await logIn(home, [name], async (url) => fetch(world.authorize(url)), { env });
    toRead.push(name);
  };
  const readTokens = async () => {
    for (let name = toRead.shift(); name !== undefined; name = toRead.shift())
      tokens[name] = (await vault('token', name)).stdout.trim();
  };
  // Those with the fixed port log in one after the other. Beside them, the others do, and the tokens are read.
  const fixed = NAMES.filter((name) => catalogue.builtIn(name, {})?.redirect.port !== 0);
  await Promise.all([
    inTurn(fixed, logInAt),
    inTurn(
      NAMES.filter((name) => !fixed.includes(name)),
      logInAt,
    ).then(readTokens),
  ]);
  await readTokens();
  const refreshed = [await outcomes(vault), await outcomes(vault)];
  world.shrinkScopes();
  await vault('refresh', '--all', '--force');
  const missing = await listed<string[]>(vault, 'missing_scopes');
  world.endGrants(true);
  await vault('refresh', '--all', '--force');
  const ended = await listed<string>(vault, 'status');
  world.endGrants(false);
  const revoked = await vault('revoke', '--all', '--yes', '--json');
  return { logins, tokens, refreshed, missing, ended, revoked };
}

async function inTurn(names: readonly string[], act: (name: string) => Promise<void>): Promise<void> {
  for (const name of names) await act(name);
}

function clients(): Record<string, string> {
  const of = ([name, { auth }]: (typeof ENTRIES)[number]) => {
    const variable = name.toUpperCase();
    const secret = ['post', 'basic'].includes(auth);
    return [
      [`${variable}_CLIENT_ID`, clientOf(name)],
      ...(secret ? [[`${variable}_CLIENT_SECRET`, `${name}-secret`]] : []),
    ];
  };
  return Object.fromEntries(ENTRIES.flatMap(of));
}

/** Where the browser ends on a page of the user, its address is pasted. */
async function pasteIn(name: string, env: Readonly<Record<string, string>>): Promise<CliRun> {
  const command = startVault(['login', name, '--no-browser', '--paste'], home, { env });
  const url = await command.stderrLine(/^\s*https:\/\/\S+[?&]state=/);
  command.type(world.authorize(url.trim()));
  return command.done;
}

type Vault = (...args: string[]) => Promise<CliRun>;

async function outcomes(vault: Vault): Promise<unknown> {
  const { results } = JSON.parse((await vault('refresh', '--all', '--force', '--json')).stdout);
  return Object.fromEntries(
    results.map(({ account, outcome }: Record<string, string>) => [account?.split('/')[0], outcome]),
  );
}

async function listed<T>(vault: Vault, field: string): Promise<Record<string, T>> {
  const { accounts } = JSON.parse((await vault('list', '--json')).stdout);
  return Object.fromEntries(
    accounts.map((account: Record<string, T>) => [account['provider'], account[field]]),
  );
}

const all = (value: unknown) => Object.fromEntries(NAMES.map((name) => [name, value]));

describe.skipIf(!hasOpenssl).each(ENTRIES)('%s', (name, does) => {
  it('logs in, and names the account after the user', () => {
    const { exitCode, stdout, stderr } = life.logins[name] ?? {};
    expect([exitCode, stdout?.trim()], stderr).toEqual([0, `${name}/${does.label}`]);
    expect(life.tokens[name]).toMatch(new RegExp(`^access-of-${name}-\\d+$`));
  });

  it('is revoked where the provider can do that', () => {
    expect(world.isRevoked(name)).toBe(does.revoke !== undefined);
  });
});

describe.skipIf(!hasOpenssl)('an account at each built-in provider', () => {
  it('is simulated, but for those that have tests of their own', () => {
    const others = ['google', 'microsoft', 'youtube', 'notion'];
    expect([...others, ...NAMES]).toEqual(catalogue.names);
  });

  it('is refreshed, also with the refresh token that the first refresh brought', () => {
    expect(life.refreshed).toEqual([all('refreshed'), all('refreshed')]);
    expect(NAMES.map((name) => [name, world.refreshes(name)])).toEqual(NAMES.map((name) => [name, 3]));
  });

  it('shows scopes that a refresh did not grant again', () => {
    const { spotify, x, gitlab, discord } = life.missing;
    expect({ spotify, x, gitlab, discord }).toEqual({
      spotify: ['user-read-email'],
      x: ['tweet.read', 'offline.access'],
      gitlab: ['profile', 'email'],
      discord: ['email'],
    });
  });

  it('needs a login once the grant has ended', () => {
    expect(life.ended).toEqual(all('login_needed'));
  });

  it('is forgotten by a revocation, whatever the provider supports', () => {
    expect([life.revoked.exitCode, life.revoked.stderr]).toEqual([0, expect.any(String)]);
  });

  it('sends nothing that its provider would refuse', () => {
    expect(world.complaints).toEqual([]);
  });
});

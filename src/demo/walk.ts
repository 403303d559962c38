import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DemoRequest, DemoServer, DemoTalk } from './contract.js';
import { startDemoServer } from './server.js';
import { chapters } from './walk-chapters.js';

/** How a command of the real program ended. */
export interface VaultRun {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface DemoDeps {
  /**
   * Runs this very program as a child process, its output captured. The environment it gets must hold none of
   * the user's own vault settings, only what is given here besides the usual.
   *
   * @param onStderrLine called as each line arrives
   */
  runVault(
    args: readonly string[],
    env: Readonly<Record<string, string>>,
    onStderrLine?: (line: string) => void,
  ): Promise<VaultRun>;
}

const SCOPES = ['openid', 'email', 'profile', 'offline_access', 'notes.read'];

/**
 * Walks through the life of two accounts against the embedded authorization server, in a throw-away vault. All of
 * it goes when the walk ends, well or badly.
 *
 * @throws VaultError `unexpected` when a step does not do what it should; `interrupted` and `terminated`
 */
export async function runDemo(deps: DemoDeps, request: DemoRequest, talk: DemoTalk): Promise<void> {
  const demo = await startDemoServer({ knobs: { deviceInterval: 1 } });
  let home: string | null = null;
  try {
    home = await mkdtemp(join(tmpdir(), 'token-vault-demo-'));
    await writeFile(join(home, 'config.json'), configuration(demo), { mode: 0o600, flag: 'wx' });
    talk.step('An authorization server of our own, and an empty vault');
    talk.note(`the server listens at ${demo.issuer}, on this machine only`);
    talk.note(`the vault is in ${home}; both go when the demo ends`);
    await chapters({ demo, deps, talk, env: { VAULT_HOME: home }, browser: request.browser });
  } finally {
    await demo.close();
    if (home !== null) await rm(home, { recursive: true, force: true });
  }
}

function configuration(demo: DemoServer): string {
  // Not every system tells whose program listens, and this server is in this very process.
  const provider = {
    issuer: demo.issuer,
    clientId: demo.client.id,
    scopes: SCOPES,
    insecureLoopback: true,
  };
  return `${JSON.stringify({ keySource: 'file', providers: { demo: provider } }, null, 2)}\n`;
}

/** What is set for the user's own vault must not reach a throw-away one. */
export function demoEnvironment(
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> {
  const foreign = /^(VAULT_|OAUTH_)|_CLIENT_(ID|SECRET)$|_TENANT_ID$/;
  return Object.fromEntries(Object.entries(env).filter(([name]) => !foreign.test(name)));
}

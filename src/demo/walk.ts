import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VaultError } from '../domain/errors.js';
import { command } from '../domain/hints.js';
import { withoutStyles } from '../domain/safe-text.js';
import type { ChildResult } from '../system/processes/child.js';
import { walkConsent, walkDevice } from './consent-walk.js';
import type { DemoEventKind, DemoRequest, DemoServer, DemoTalk } from './contract.js';
import { startDemoServer } from './server.js';

export interface DemoDeps {
  /**
   * Runs this program as a child process and captures its output. Its environment must not contain the user's vault
   * settings.
   *
   * @param onStderrLine called as each line arrives
   */
  runVault(
    args: readonly string[],
    env: Readonly<Record<string, string>>,
    onStderrLine: (line: string) => void,
  ): Promise<ChildResult>;
}

/** So few that the list of accounts fits into 80 columns. */
const SCOPES = ['openid', 'email', 'profile', 'notes.read'];

/**
 * Walks through the life of two accounts against the embedded authorization server, in a temporary vault that is deleted
 * at the end, also after a failure.
 *
 * @throws VaultError `unexpected` when a step fails; `interrupted` and `terminated`
 */
export async function runDemo(deps: DemoDeps, request: DemoRequest, talk: DemoTalk): Promise<void> {
  const demo = await startDemoServer({ knobs: { deviceInterval: 1 } });
  let home: string | null = null;
  try {
    home = await mkdtemp(join(tmpdir(), 'token-vault-demo-'));
    await writeFile(join(home, 'config.json'), configuration(demo), { mode: 0o600, flag: 'wx' });
    await talk.step('A demo authorization server and an empty vault');
    talk.note('both are on this machine, and end with the demo');
    await chapters({ demo, deps, talk, env: { VAULT_HOME: home }, browser: request.browser });
  } finally {
    await demo.close();
    if (home !== null) await rm(home, { recursive: true, force: true });
  }
}

function configuration(demo: DemoServer): string {
  // Not every system reports which user listens, and the server is in this process.
  const provider = {
    issuer: demo.issuer,
    clientId: demo.client.id,
    scopes: SCOPES,
    insecureLoopback: true,
  };
  return `${JSON.stringify({ keySource: 'file', providers: { demo: provider } }, null, 2)}\n`;
}

/** Removes the settings of the user's own vault. */
export function demoEnvironment(
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> {
  const foreign = /^(VAULT_|OAUTH_)|_CLIENT_(ID|SECRET)$|_TENANT_ID$/;
  return Object.fromEntries(Object.entries(env).filter(([name]) => !foreign.test(name)));
}

interface Stage {
  readonly demo: DemoServer;
  readonly deps: DemoDeps;
  readonly talk: DemoTalk;
  readonly env: Readonly<Record<string, string>>;
  readonly browser: boolean;
}

/** From the first login to the last revocation. */
async function chapters(stage: Stage): Promise<void> {
  const { demo, talk } = stage;
  await talk.step('Log in');
  const first = await login(stage, 'ada');
  await talk.step('Log in as another user, on a machine without a browser');
  const second = await loginByDevice(stage, other(demo));
  demand(second !== first, 'another user did not become another account');

  await talk.step('What is in the vault');
  const listed = await vault(stage, ['list']);
  demand(listed.includes(first) && listed.includes(second), 'the list does not show both accounts');

  await talk.step('A token, as a script gets it');
  const before = await token(stage, first);
  talk.note('shortened here; the command prints the whole token and one newline');

  await talk.step('Refresh');
  await vault(stage, ['refresh', '--all']);
  demand(count(demo, 'rotated') === 2, 'the refresh tokens were not both rotated');
  const after = await token(stage, first);
  demand(after !== before, 'the token is the same after a refresh');

  await talk.step('Revoke');
  await vault(stage, ['revoke', '--all', '--yes']);
  demand(count(demo, 'revoked') === 2, 'the server did not receive both revocations');
  demand(!(await accepts(demo, after)), 'the server still accepts a revoked token');
  talk.note('the server no longer accepts these tokens');
}

/**
 * Logs in, in the browser where there is one. When the command prints the URL it has opened none, and the demo walks the
 * consent page itself.
 *
 * @returns the account's name
 */
async function login(stage: Stage, person: 'ada' | 'grace'): Promise<string> {
  const { browser, demo, talk } = stage;
  return answering(stage, browser ? [] : ['--no-browser', '--timeout', '1m'], (line) => {
    if (!line.startsWith(`${demo.endpoints.authorize}?`)) return null;
    talk.note('the demo opens this URL and fills in the consent page itself');
    return walkConsent(line, { person });
  });
}

/** @returns the account's name */
async function loginByDevice(stage: Stage, person: 'ada' | 'grace'): Promise<string> {
  const { demo, talk } = stage;
  return answering(stage, ['--device', '--timeout', '1m'], (line) => {
    const userCode = URL.canParse(line) ? new URL(line).searchParams.get('user_code') : null;
    if (userCode === null) return null;
    talk.note('the demo types the code itself, as you would on a phone');
    return walkDevice(demo.endpoints.device, userCode, { person });
  });
}

/** @param answer walks the consent page that a line of the command names; null for other lines */
async function answering(
  stage: Stage,
  options: readonly string[],
  answer: (line: string) => Promise<unknown> | null,
): Promise<string> {
  let walk: Promise<unknown> | null = null;
  const name = await vault(stage, ['login', 'demo', ...options], (line) => {
    // When the walk fails, the login ends without a code and reports it.
    walk ??= answer(withoutStyles(line).trim())?.catch(() => null) ?? null;
  });
  await walk;
  return name.trim();
}

/** Gets a token as a script does, prints it shortened, and tries it. */
async function token(stage: Stage, account: string): Promise<string> {
  const printed = await perform(stage, ['token', account]);
  const value = printed.trim();
  demand(
    printed === `${value}\n` && /^\S+$/.test(value),
    'vault token did not print a token and one newline',
  );
  stage.talk.output(`${value.slice(0, 16)}…\n`, 'stdout');
  demand(await accepts(stage.demo, value), 'the server does not accept the token');
  return value;
}

async function vault(
  stage: Stage,
  args: readonly string[],
  onStderrLine?: (line: string) => void,
): Promise<string> {
  const printed = await perform(stage, args, onStderrLine);
  if (printed !== '') stage.talk.output(printed, 'stdout');
  return printed;
}

/** Runs a command and shows it, without its stdout, which is returned. */
async function perform(
  { deps, talk, env }: Stage,
  args: readonly string[],
  onStderrLine?: (line: string) => void,
): Promise<string> {
  const line = command(args.join(' '), null);
  talk.command(line);
  const { exitCode, stdout } = await deps.runVault(args, env, (text) => {
    talk.output(`${text}\n`, 'stderr');
    onStderrLine?.(text);
  });
  if (exitCode === 0) return stdout;
  if (stdout !== '') talk.output(stdout, 'stdout');
  if (exitCode === 130) throw new VaultError('interrupted', 'the demo was interrupted');
  if (exitCode === 143) throw new VaultError('terminated', 'the demo was terminated');
  throw new VaultError('unexpected', `the demo stopped: ${line} failed with exit code ${exitCode}`, {
    hint: 'see the output of the command above',
  });
}

function other(demo: DemoServer): 'ada' | 'grace' {
  return demo.log.findLast((event) => event.kind === 'consented')?.note === 'ada' ? 'grace' : 'ada';
}

function count(demo: DemoServer, kind: DemoEventKind): number {
  return demo.log.filter((event) => event.kind === kind).length;
}

async function accepts(demo: DemoServer, accessToken: string): Promise<boolean> {
  const response = await fetch(demo.endpoints.userinfo, {
    headers: { authorization: `Bearer ${accessToken}` },
  });
  await response.arrayBuffer();
  return response.ok;
}

function demand(condition: boolean, otherwise: string): void {
  if (!condition) throw new VaultError('unexpected', `the demo failed: ${otherwise}`);
}

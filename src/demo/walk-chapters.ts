import { VaultError } from '../domain/errors.js';
import { walkConsent, walkDevice } from './consent-walk.js';
import type { DemoEventKind, DemoServer, DemoTalk } from './contract.js';
import type { DemoDeps, VaultRun } from './walk.js';

export interface Stage {
  readonly demo: DemoServer;
  readonly deps: DemoDeps;
  readonly talk: DemoTalk;
  readonly env: Readonly<Record<string, string>>;
  readonly browser: boolean;
}

/** The demo from the first login to the last revocation. @throws VaultError when a step does not do what it should */
export async function chapters(stage: Stage): Promise<void> {
  const { demo, talk } = stage;
  talk.step('Log in');
  const first = await login(stage, stage.browser, 'ada');
  talk.step('Log in as somebody else: a second account');
  const person = other(demo);
  const second = await login(stage, false, person);
  talk.step('The same person from a machine without a browser: a code to type on any other device');
  const again = await loginByDevice(stage, person);
  demand(again === second, 'the same person became another account');

  talk.step('What is in the vault');
  const listed = await vault(stage, ['list']);
  demand(listed.includes(first) && listed.includes(second), 'the list does not show both accounts');

  talk.step('A token, as a script would ask for it');
  const before = await token(stage, first);
  talk.step('What stands behind it');
  await vault(stage, ['show', first]);

  talk.step('Refresh: first what would happen, then do it');
  await vault(stage, ['refresh', '--all', '--dry-run']);
  demand(count(demo, 'rotated') === 0, 'a dry run sent a refresh token');
  await vault(stage, ['refresh', '--all']);
  demand(count(demo, 'rotated') === 2, 'the refresh tokens were not both rotated');
  const after = await token(stage, first);
  demand(after !== before, 'the token is the same after a refresh');

  talk.step('Revoke: first one account, then what is left');
  await vault(stage, ['revoke', first, '--yes']);
  await vault(stage, ['list']);
  await vault(stage, ['revoke', '--all', '--yes']);
  demand(count(demo, 'revoked') === 2, 'the server has not heard of both revocations');
  demand(!(await accepts(demo, after)), 'the server still takes a revoked token');
  talk.note('the server takes none of these tokens any more');
}

/**
 * Logs in, in the browser where there is one. A vault that prints the address has opened none: then the demo walks the
 * consent page itself.
 *
 * @returns the account's name
 */
async function login(stage: Stage, inBrowser: boolean, person: 'ada' | 'grace'): Promise<string> {
  const { demo, talk } = stage;
  if (inBrowser) talk.note('if a browser opens: choose who you are, then Allow');
  let walk: Promise<unknown> | null = null;
  const args = ['login', 'demo', ...(inBrowser ? [] : ['--no-browser', '--timeout', '1m'])];
  const name = await vault(stage, args, (line) => {
    if (walk !== null || !line.trim().startsWith(`${demo.endpoints.authorize}?`)) return;
    talk.note('no browser for this one: the demo walks the consent page itself');
    // A walk that fails shows in the login, which then ends without its code.
    walk = walkConsent(line.trim(), { person }).catch(() => null);
  });
  await walk;
  return name.trim();
}

/** @returns the account's name */
async function loginByDevice(stage: Stage, person: 'ada' | 'grace'): Promise<string> {
  const { demo, talk } = stage;
  let walk: Promise<unknown> | null = null;
  const name = await vault(stage, ['login', 'demo', '--device', '--timeout', '1m'], (line) => {
    const address = URL.canParse(line.trim()) ? new URL(line.trim()) : null;
    const userCode = address?.searchParams.get('user_code') ?? null;
    if (walk !== null || userCode === null) return;
    talk.note('the demo types the code itself, as you would on your phone');
    walk = walkDevice(demo.endpoints.device, userCode, { person }).catch(() => null);
  });
  await walk;
  return name.trim();
}

/** Prints a token in the way of a script, shortened for the eyes, and tries it out. */
async function token(stage: Stage, account: string): Promise<string> {
  const { demo, talk } = stage;
  const { run, line } = await perform(stage, ['token', account]);
  const value = run.stdout.trim();
  demand(run.stdout === `${value}\n` && /^\S+$/.test(value), `${line} did not print a token and one newline`);
  talk.command(line, `${value.slice(0, 16)}…\n`, run.stderr);
  talk.note('shortened here; the command prints the whole token and one newline');
  demand(await accepts(demo, value), 'the server does not take the token');
  return value;
}

async function vault(
  stage: Stage,
  args: readonly string[],
  onStderrLine?: (line: string) => void,
): Promise<string> {
  const { run, line } = await perform(stage, args, onStderrLine);
  stage.talk.command(line, run.stdout, run.stderr);
  return run.stdout;
}

interface Performance {
  readonly run: VaultRun;
  /** The command as a user would type it. */
  readonly line: string;
}

async function perform(
  { deps, talk, env }: Stage,
  args: readonly string[],
  onStderrLine?: (line: string) => void,
): Promise<Performance> {
  const line = `vault ${args.join(' ')}`;
  const run = await deps.runVault(args, env, onStderrLine);
  if (run.exitCode === 0) return { run, line };
  talk.command(line, run.stdout, run.stderr);
  if (run.exitCode === 130) throw new VaultError('interrupted', 'the demo was interrupted');
  if (run.exitCode === 143) throw new VaultError('terminated', 'the demo was ended from outside');
  throw new VaultError(
    'unexpected',
    `the demo stops here, because ${line} ended with exit code ${run.exitCode}`,
    {
      hint: 'what the command said stands above',
    },
  );
}

/** Whoever did not log in first. */
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
  if (!condition) throw new VaultError('unexpected', `the demo went wrong: ${otherwise}`);
}

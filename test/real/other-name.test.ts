import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/commands/index.js';
import { runVault, VAULT_JS } from '../harness/cli.js';
import { missing, needs } from '../harness/parts.js';
import { makeTempHome, type TempHome } from '../harness/temp-home.js';

/** A command of the other name: HashiCorp's program might run it. */
const OTHERS = new RegExp(
  String.raw`(?<![\w/.-])vault (?:--\S+ )?(?:${COMMANDS.map(({ name }) => name).join('|')}|help)\b`,
);

let home: TempHome;
beforeAll(() => {
  if (missing('the built command line').length > 0) return;
  home = makeTempHome({ keySource: 'file', providers: { work: { issuer: 'https://idp.example' } } });
  symlinkSync(VAULT_JS, join(home.root, 'token-vault'));
});
afterAll(() => home?.remove());
beforeEach((context) => needs(context, 'the built command line'));

/** Runs it by the path of the link, as npm installs it. */
async function run(args: readonly string[]) {
  const under = ['sh', '-c', 'node=$1; shift 2; exec "$node" "$0" "$@"', join(home.root, 'token-vault')];
  const { stdout, stderr } = await runVault(args, home, { under });
  return { stdout, stderr, lines: `${stdout}${stderr}`.split('\n') };
}

describe('run as token-vault', () => {
  it.each<[line: string, says: string]>([
    ['', 'token-vault help <command>'],
    ['help key rotate', 'token-vault key rotate'],
    ['tokn', 'token-vault: unknown command'],
    ['logout google', 'token-vault revoke google'],
    ['setup', 'token-vault setup google'],
    ['setup other', 'token-vault setup other --issuer URL'],
    ['setup work --client-id x', 'next: token-vault login work'],
    ['config set keySource file', 'token-vault key use KIND'],
    ['config set providers.work.isuer x', 'token-vault config edit'],
    ['login google', 'token-vault setup google'],
    ['login gogle', 'token-vault providers'],
    ['providers work', 'token-vault login work'],
    ['exec work sh -c x', 'token-vault exec work -- sh ARGUMENTS'],
    ['list', 'token-vault login work'],
    ['token work', 'token-vault '],
    ['init', 'token-vault '],
    ['init', 'token-vault key status'],
    ['schedule --kind cron', '/token-vault refresh --all'],
    ['agent status', 'token-vault agent'],
    ['completion bash', 'token-vault'],
    ['--profile acme list', 'token-vault --profile acme '],
  ])('every line of %j says so', async (line, says) => {
    const { lines } = await run(line.split(' ').filter((word) => word !== ''));
    expect(lines.join('\n')).toContain(says);
    expect(lines.filter((each) => OTHERS.test(each) || each.startsWith('vault:'))).toEqual([]);
  });
});

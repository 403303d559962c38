import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DemoStage, openDemoStage } from '../harness/demo-stage.js';

let stage: DemoStage;
let inbox: string;
beforeEach(async () => {
  stage = await openDemoStage();
  inbox = join(stage.home.root, 'inbox');
  const script = join(stage.home.root, 'tell');
  // Who is told, and by whom: each run leaves files of its own.
  writeFileSync(
    script,
    `#!/bin/sh\nmkdir -p ${inbox}\ncat > ${inbox}/$$.json\nenv > ${inbox}/$$.env\npwd; echo noise >&2\n`,
    {
      mode: 0o755,
    },
  );
  setNotify([script]);
});
afterEach(async () => {
  expect(await stage.close()).toEqual([]);
});

function setNotify(notify: readonly string[] | undefined): void {
  const config = { ...stage.home.config(), notify };
  stage.home.configure(config);
}

const files = (end: string) =>
  existsSync(inbox) ? readdirSync(inbox).filter((name) => name.endsWith(end)) : [];
const events = () => files('.json').map((name) => JSON.parse(readFileSync(join(inbox, name), 'utf8')));
const emptyInbox = () => rmSync(inbox, { recursive: true, force: true });

describe('the notify command', () => {
  it('runs once for an account that needs a login, and again after the next login', async () => {
    const account = await stage.logInExpired();
    stage.demo.endAllGrants();
    expect((await stage.vault(['refresh', '--all', '--dry-run'])).exitCode).toBe(0);
    expect(events()).toEqual([]);

    const env = { GOOGLE_CLIENT_SECRET: 'secret-example', GOOGLE_CLIENT_ID: 'id-example' };
    const commands = Array.from({ length: 6 }, () => stage.vault(['token', account], { env }));
    for (const { exitCode, stdout, stderr } of await Promise.all(commands)) {
      expect([exitCode, stdout]).toEqual([4, '']);
      expect(stderr).not.toContain('noise');
    }
    expect((await stage.vault(['refresh', '--all'])).exitCode).toBe(8);
    expect(events()).toMatchObject([
      {
        event: 'login_needed',
        account,
        provider: 'demo',
        hint: 'vault login demo/ada@example.com',
        reminder: false,
        vault: stage.home.vault,
      },
    ]);
    const environment = readFileSync(join(inbox, files('.env')[0] ?? ''), 'utf8');
    expect(environment).toContain('PATH=');
    expect(environment).not.toMatch(/_CLIENT_/);

    await stage.logIn();
    expect((await stage.vault(['refresh', '--all'])).exitCode).toBe(0);
    emptyInbox();
    stage.demo.endAllGrants();
    await stage.vault(['token', account, '--refresh']);
    expect(events()).toMatchObject([{ event: 'login_needed', reminder: false }]);
    const log = readFileSync(join(stage.home.vault, 'security.log'), 'utf8');
    expect(log.match(/"event":"notified"/g)).toHaveLength(2);
  });

  it('that fails causes a one-line notice and no other exit code', async () => {
    const account = await stage.logInExpired();
    setNotify(['/not/there']);
    stage.demo.endAllGrants();
    const first = await stage.vault(['token', account]);
    expect(first).toMatchObject({ exitCode: 4, stdout: '' });
    const warning = /^vault: the notify command does not exist; not sent: .*$/gm;
    expect(first.stderr.match(warning)).toHaveLength(1);
    expect((await stage.vault(['token', account])).stderr).not.toMatch(warning);
    const log = readFileSync(join(stage.home.vault, 'security.log'), 'utf8');
    expect(log).toMatch(/"event":"notify_failed","about":"login_needed".*"why":"not_found"/);
  });

  it('can be tested', async () => {
    expect(await stage.vault(['notify', '--test'])).toMatchObject({ exitCode: 0, stdout: '' });
    expect(events()).toMatchObject([{ event: 'test', account: 'example/account@example.com' }]);
    setNotify(['false']);
    const failed = await stage.vault(['notify', '--test']);
    expect(failed).toMatchObject({ exitCode: 2 });
    expect(failed.stderr).toMatch(/hint: run it by hand.*\| false\n/);
    setNotify(undefined);
    expect((await stage.vault(['notify'])).stderr).toContain('no notify command is set');
  });
});

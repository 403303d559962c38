import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GUID } from '../doubles/settings-sources.js';
import { atTerminal } from '../harness/at-terminal.js';
import { type DemoStage, openDemoStage } from '../harness/demo-stage.js';
import { needs } from '../harness/parts.js';

const ID = '1-example.apps.googleusercontent.com';
const SECRET = 'GOCSPX-secret-example';
/** No browser opens, and there is no session bus: a server. */
const SERVER = { BROWSER: 'none', DBUS_SESSION_BUS_ADDRESS: '' };

let stage: DemoStage;
beforeEach(async (context) => {
  needs(context, 'the built command line');
  needs(context, 'a terminal');
  stage = await openDemoStage();
  // The stage keeps the key in a file; these begin without a choice.
  stage.home.configure({ providers: stage.home.config().providers });
});
afterEach(async () => {
  expect(await stage?.close()).toEqual([]);
});

const path = (name: string) => join(stage.home.vault, name);

describe('vault setup at a terminal without a keychain', () => {
  it('goes from nothing to a stored client and a vault', async () => {
    const run = atTerminal(['setup'], stage.home, SERVER);
    await run.sees(
      /demo {2}demo, set up already[\s\S]*providers are known[\s\S]*Which provider\? \[a part of its name, /,
    );
    run.type('gogle\r');
    await run.sees(/no known provider matches gogle; [\s\S]*Which provider\?/);
    run.type('git\r');
    await run.sees(/github {2}GitHub[\s\S]*gitlab {2}GitLab[\s\S]*Which provider\?/);
    run.type('Google\r');
    await run.sees(/Open https:\/\/console\.cloud\.google\.com\/auth\/clients in the browser\? \[Y\/n\] /);
    run.type('\r');
    await run.sees(
      /No browser could be opened here[\s\S]*1\. Open [\s\S]*\[Enter: step 2 of 6, s: skip the steps\] /,
    );
    run.type('\r');
    await run.sees(/2\. If it says so[\s\S]*\[Enter: step 3 of 6, s: skip the steps\] /);
    run.type(`${ID}\r`);
    await run.sees(/press Enter, or type s;[\s\S]*\[Enter: step 3 of 6, s: skip the steps\] /);
    run.type('s\r');
    await run.sees(/Client ID \(like .*\): /);
    run.type('mistyped\r');
    await run.sees(/does not have the form[\s\S]*Client ID \(like .*\): /);
    run.type(`${ID}\r`);
    await run.sees(/Client secret \(not shown\): /);
    run.type(`${SECRET}\r`);
    await run.sees(/wrote GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET to \S+\.env/);
    await run.sees(
      /the OS keychain cannot be [\s\S]*Keep the key in \S+master\.key \(mode 0600\) instead\? \[Y\/n\] /,
    );
    run.type('\r');
    await run.sees(/made the vault; its key is in the key file [\s\S]*Log in to Google now\? \[Y\/n\] /);
    run.type('n\r');
    const { exitCode, shown } = await run.done;
    expect(exitCode).toBe(0);
    expect(shown).toMatch(/next: vault login google\s*$/);
    expect(shown).not.toContain(SECRET);
    expect(readFileSync(path('security.log'), 'utf8')).not.toContain(SECRET);
    expect(readFileSync(path('.env'), 'utf8')).toBe(
      `GOOGLE_CLIENT_ID=${ID}\nGOOGLE_CLIENT_SECRET=${SECRET}\n`,
    );
    expect(statSync(path('.env')).mode & 0o777).toBe(0o600);
    expect(existsSync(path('vault.db'))).toBe(true);
    expect(stage.home.config().keySource).toMatchObject({ kind: 'file' });
  });

  it('sets up a server of the user’s own, asked for step by step, and nothing twice', async () => {
    const run = atTerminal(['setup', 'work', '--no-login'], stage.home, SERVER);
    await run.sees(/Issuer URL \(https:\/\/…\): /);
    run.type('idp.example\r');
    await run.sees(/must be an https URL[\s\S]*Issuer URL/);
    run.type(`${stage.demo.issuer}/mistyped\r`);
    await run.sees(/nothing was written: [\s\S]*type it again[\s\S]*Issuer URL/);
    run.type(`${stage.demo.issuer}\r`);
    await run.sees(/http:\/\/127\.0\.0\.1\/callback\/work[\s\S]*in the browser\? \[Y\/n\] /);
    run.type('n\r');
    await run.sees(/1\. [\s\S]*s: skip the steps\] /);
    run.type('s\r');
    await run.sees(/Client ID: /);
    run.type('\r');
    await run.sees(/the client id is needed[\s\S]*Client ID: /);
    run.type(`${stage.demo.client.id}\r`);
    await run.sees(/Client secret \(not shown; Enter if there is none\): /);
    run.type('\r');
    await run.sees(/Keep the key in/);
    run.type('y\r');
    const { exitCode, shown } = await run.done;
    expect(exitCode).toBe(0);
    expect(shown).toMatch(/next: vault login work\s*$/);
    expect(stage.home.config().providers['work']).toEqual({
      issuer: stage.demo.issuer,
      clientId: stage.demo.client.id,
    });
    const again = atTerminal(['setup', 'work', '--no-login'], stage.home, SERVER);
    await again.sees(/Replace the client of work \(\S+\)\? \[y\/N\] /);
    again.type('\r');
    expect((await again.done).shown).toMatch(/next: vault login work\s*$/);
  });
});

describe('vault setup with everything on the command line, at a terminal', () => {
  it('goes on to the login at the server that it has just written', async () => {
    const { issuer, client } = stage.demo;
    const setUp = ['setup', 'work', '--issuer', issuer, '--client-id', client.id, '--key-source', 'file'];
    const run = atTerminal(setUp, stage.home, SERVER);
    await run.sees(/Log in to work now\? \[Y\/n\] /);
    run.type('\r');
    await run.sees(/open this URL in a browser[\s\S]*when you press Ctrl-C/);
    run.type('\u0003');
    const { exitCode, shown } = await run.done;
    expect([exitCode, shown]).toEqual([130, expect.stringContaining('vault providers work')]);
  });
});

describe('vault setup of a provider that is set up already', () => {
  const work = (...words: string[]) => ['setup', 'work', '--no-login', ...words];
  beforeEach(async () => {
    stage.home.configure({
      keySource: { kind: 'file' },
      providers: { work: { issuer: stage.demo.issuer, clientId: 'old-client' } },
    });
    const run = await stage.vault(work('--client-id', 'old-client', '--client-secret-file', '-'), {
      stdin: 'mistyped-secret',
    });
    expect(run.exitCode).toBe(0);
  });

  it('removes the client secret by Enter, and says so', async () => {
    const run = atTerminal(work(), stage.home, SERVER);
    await run.sees(/Replace the client of work \(old-client\)\? \[y\/N\] /);
    run.type('perhaps\r');
    await run.sees(/type y or n[\s\S]*Replace the client of work \(old-client\)\? \[y\/N\] /);
    run.type('y\r');
    await run.sees(/in the browser\? \[Y\/n\] /);
    run.type('n\r');
    await run.sees(/s: skip the steps\] /);
    run.type('s\r');
    await run.sees(/Client ID: /);
    run.type('old-client\r');
    await run.sees(/Enter if there is none\): /);
    run.type('\r');
    await run.sees(/removed WORK_CLIENT_SECRET from \S+\.env/);
    run.type('n\r');
    await run.done;
    expect(readFileSync(path('.env'), 'utf8')).toBe('');
  });

  it('replaces a client that was named only when the user confirms it', async () => {
    const run = atTerminal(work('--client-id', 'new-client'), stage.home, SERVER);
    await run.sees(/Replace the client of work \(old-client\)\? \[y\/N\] /);
    run.type('n\r');
    const { exitCode, shown } = await run.done;
    expect([exitCode, shown]).toEqual([130, expect.stringContaining('so nothing was changed')]);
    expect(stage.home.config().providers['work']?.clientId).toBe('old-client');
  });

  it('says in a script what was changed, and that the secret is kept', async () => {
    const { stderr } = await stage.vault(work('--client-id', 'new-client'));
    expect(stderr).toContain('changed providers.work.clientId (was old-client)');
    expect(stderr).toContain('if this client has none: vault setup work --no-client-secret');
    const removed = await stage.vault(work('--no-client-secret'));
    expect(removed.stderr).toContain('removed WORK_CLIENT_SECRET from ');
  });

  it('ends at Ctrl-D, and asks nothing more', async () => {
    const run = atTerminal(work(), stage.home, SERVER);
    await run.sees(/Replace the client of work \(old-client\)\? \[y\/N\] /);
    run.type('\u0004');
    const { exitCode, shown } = await run.done;
    expect(exitCode).toBe(130);
    expect(shown).toMatch(/\[y\/N\] \r\n\S*vault:\S* stopped while asking\s*$/);
  });
});

describe('vault setup microsoft at a terminal', () => {
  it('asks for the tenant, again after a wrong one, and Enter keeps the usual one', async () => {
    const setUp = ['setup', 'microsoft', '--no-login', '--no-browser', '--key-source', 'file'];
    const run = atTerminal(setUp, stage.home, SERVER);
    await run.sees(/s: skip the steps\] /);
    run.type('s\r');
    await run.sees(/Tenant, common, .* \[common\]: /);
    run.type('no tenant\r');
    await run.sees(/no tenant is no tenant; [\s\S]*\[common\]: /);
    run.type('consumers\r');
    await run.sees(/Client ID \(like .*\): /);
    run.type(`${GUID}\r`);
    await run.sees(/Enter if there is none\): /);
    run.type('\r');
    await run.sees(/wrote MICROSOFT_TENANT_ID and MICROSOFT_CLIENT_ID to /);
    await run.done;
    const again = atTerminal(setUp, stage.home, SERVER);
    await again.sees(/Replace the client of Microsoft [\s\S]*\[y\/N\] /);
    again.type('y\r');
    await again.sees(/s: skip the steps\] /);
    again.type('s\r');
    await again.sees(/\[consumers\]: /);
    again.type('\r');
    await again.sees(/Client ID/);
    again.type('\u0004');
    await again.done;
    expect(readFileSync(path('.env'), 'utf8')).toBe(
      `MICROSOFT_TENANT_ID=consumers\nMICROSOFT_CLIENT_ID=${GUID}\n`,
    );
  });
});

describe('the name of a provider', () => {
  it.each([
    [['setup', 'gogle'], 2, 'did you mean google?'],
    [['setup', 'Google'], 2, 'the client id and the client secret of Google are missing'],
    [['setup', 'google'], 2, 'vault setup google --client-id ID --client-secret-file FILE'],
    [
      ['setup', 'gogle', '--issuer', 'https://idp.example', '--client-id', 'x', '--offline'],
      0,
      'gogle is a new provider; it is not google',
    ],
    [
      ['setup', '--issuer', 'https://idp.example', '--client-id', 'x'],
      2,
      'vault setup work --issuer https://idp.example --client-id x',
    ],
  ])('is checked in vault %j', async (words, code, said) => {
    const { exitCode, stderr } = await stage.vault(words);
    expect([exitCode, stderr]).toEqual([code, expect.stringContaining(said)]);
  });
});

describe('vault setup without a keychain', () => {
  const setUp = ['setup', 'work', '--client-id', 'x', '--offline', '--issuer', 'https://idp.example'];

  it('names the command that makes the vault first, in a script', async () => {
    const { exitCode, stderr } = await stage.vault(setUp, { env: SERVER });
    expect(exitCode).toBe(0);
    expect(stderr).toMatch(
      /next, as there is no keychain here: vault init --key-source file\nthen: vault login work\n$/,
    );
    const { stdout } = await stage.vault([...setUp, '--json'], { env: SERVER });
    expect(JSON.parse(stdout)).toMatchObject({ next: 'vault init --key-source file' });
    const { stderr: made } = await stage.vault(['init', '--key-source', 'file']);
    expect(made).toBe('the vault is ready; next: vault login demo\n');
    expect((await stage.vault(setUp)).stderr).toMatch(/\nnext: vault login work\n$/);
  });

  it('says what is stored when the user declines the key file', async () => {
    const run = atTerminal(setUp, stage.home, SERVER);
    await run.sees(/Keep the key in/);
    run.type('n\r');
    const { exitCode, shown } = await run.done;
    expect([exitCode, shown]).toEqual([
      6,
      expect.stringMatching(/no vault was made; the client is stored[\s\S]*vault init --help\s*$/),
    ]);
  });

  it('says of a passphrase that the key comes from it', async () => {
    const run = atTerminal([...setUp, '--key-source', 'passphrase', '--no-login'], stage.home, SERVER);
    await run.sees(/new passphrase of the vault \(12 characters or more\): /);
    run.type('a long passphrase\r');
    await run.sees(/repeat the passphrase: /);
    run.type('a long passphrase\r');
    expect((await run.done).shown).toContain('made the vault; its key comes from your passphrase');
  });
});

describe('vault login at a terminal without a keychain', () => {
  it('asks whether to keep the key in a file, and goes on', async () => {
    const run = atTerminal(['login', 'demo', '--timeout', '1s'], stage.home, SERVER);
    await run.sees(/Keep the key in \S+master\.key \(mode 0600\) instead\? \[Y\/n\] /);
    run.type('\r');
    await run.sees(/open this URL in a browser/);
    expect((await run.done).exitCode).toBe(4);
    expect(stage.home.config().keySource).toMatchObject({ kind: 'file' });
  });

  it('makes nothing when the answer is no', async () => {
    const run = atTerminal(['login', 'demo'], stage.home, SERVER);
    await run.sees(/Keep the key in/);
    run.type('n\r');
    const { exitCode, shown } = await run.done;
    expect(exitCode).toBe(6);
    expect(shown).toMatch(
      /no vault was made, so the login was not begun[\s\S]*other places for the key: \S*vault init --help/,
    );
    expect(existsSync(path('vault.db'))).toBe(false);
    expect(existsSync(path('master.key'))).toBe(false);
  });

  it('asks nothing without a terminal', async () => {
    const run = await stage.vault(['login', 'demo'], { env: SERVER });
    expect(run.exitCode).toBe(6);
    expect(run.stderr).not.toContain('Keep the key');
  });
});

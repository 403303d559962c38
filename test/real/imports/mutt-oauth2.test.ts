import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it, type TestContext } from 'vitest';
import { type ImportStage, openImportStage } from '../../harness/import-stage.js';
import { HANGS, needs } from '../../harness/parts.js';
import { runTool } from '../../harness/run-tool.js';

const SCRIPTS = [
  '/usr/share/doc/mutt/examples/mutt_oauth2.py',
  '/usr/share/doc/neomutt/oauth2/mutt_oauth2.py.gz',
];

let stage: ImportStage;
let env: Record<string, string>;

beforeEach(async () => {
  // The script always sends a client secret.
  stage = await openImportStage({ server: { clientAuth: 'post' } });
  const { issuer } = stage.demo;
  stage.home.configure({ keySource: 'file', providers: { demo: { issuer, clientAuth: 'post' } } });
  const GNUPGHOME = join(stage.folder, 'gnupg');
  mkdirSync(GNUPGHOME, { mode: 0o700 });
  env = { ...stage.home.env, GNUPGHOME };
});
afterEach(async () => {
  spawnSync('gpgconf', ['--kill', 'gpg-agent'], { env, timeout: HANGS });
  expect(stage.reuses()).toBe(0);
  expect(await stage.close()).toEqual([]);
});

/** The script as its user edits it: the own client, the server, and who can read the token file. */
function editedScript(from: string): string {
  const bytes = readFileSync(from);
  const text = (from.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  const { endpoints, client } = stage.demo;
  const edited = text
    .replace('YOUR_GPG_IDENTITY', 'alice@example.com')
    .replace(/'token_endpoint': 'https:\/\/accounts[^']*'/, `'token_endpoint': '${endpoints.token}'`)
    .replace(
      /'authorize_endpoint': 'https:\/\/accounts[^']*'/,
      `'authorize_endpoint': '${endpoints.authorize}'`,
    )
    .replace("'client_id': ''", `'client_id': '${client.id}'`)
    .replace("'client_secret': ''", `'client_secret': '${client.secret}'`);
  return stage.file('mutt_oauth2.py', edited);
}

const gpg = (args: readonly string[], input: string | Buffer = '') =>
  execFileSync('gpg', ['--batch', '--quiet', ...args], { env, input, timeout: HANGS });

/** A token file that the script itself has written after a refresh. */
async function tokenFile(context: TestContext): Promise<string> {
  needs(context, 'gpg', 'mutt_oauth2.py', 'python3');
  gpg(['--passphrase', '', '--quick-gen-key', 'alice@example.com', 'default', 'default', 'never']);
  const script = editedScript(SCRIPTS.find((path) => existsSync(path)) ?? '');
  const token = {
    registration: 'google',
    authflow: 'localhostauthcode',
    email: 'ada@example.com',
    access_token: '',
    access_token_expiration: '',
    refresh_token: await stage.grant(),
  };
  const file = stage.file(
    'token',
    gpg(['--encrypt', '--recipient', 'alice@example.com'], JSON.stringify(token)),
  );
  expect(await runTool('python3', [script, file], { cwd: '/', env })).toMatchObject({ exitCode: 0 });
  stage.tokenRequests();
  return file;
}

describe('vault import mutt-oauth2', () => {
  it('takes over what the script wrote with gpg, and the client from the script', async (context) => {
    const file = await tokenFile(context);
    const before = stage.read(file);
    const run = await stage.vault(['import', 'mutt-oauth2', file], { env });
    expect(run).toMatchObject({ exitCode: 0, stdout: 'demo/ada@example.com\n' });
    expect(run.stderr).toContain(`rm ${file}`);
    expect(stage.tokenRequests()).toBe(1);
    expect((await stage.vault(['token', 'demo', '--refresh'])).exitCode).toBe(0);
    expect(stage.read(file)).toBe(before);
    expect((await stage.vault(['import', 'mutt-oauth2', file], { env })).stderr).toContain('imported before');
  });

  it('changes nothing where gpg cannot open the file', async (context) => {
    const file = await tokenFile(context);
    const GNUPGHOME = join(stage.folder, 'empty');
    mkdirSync(GNUPGHOME, { mode: 0o700 });
    const run = await stage.vault(['import', 'mutt-oauth2', file], { env: { GNUPGHOME } });
    expect(run).toMatchObject({ exitCode: 2, stdout: '' });
    expect(run.stderr).toContain(`gpg did not open ${file}, so nothing was changed`);
    expect(stage.tokenRequests()).toBe(0);
    spawnSync('gpgconf', ['--kill', 'gpg-agent'], { env: { ...env, GNUPGHOME }, timeout: HANGS });
  });

  it('is found where the manuals put it, without being opened', async (context) => {
    const file = await tokenFile(context);
    const folder = join(stage.home.home, '.config', 'mutt');
    mkdirSync(folder, { recursive: true });
    execFileSync('cp', [file, join(folder, 'ada.tokens')]);
    const { stdout } = await stage.vault(['import', '--json'], { env: { GNUPGHOME: '/nonexistent' } });
    expect(JSON.parse(stdout).found).toMatchObject([
      { tool: 'mutt-oauth2', file: join(folder, 'ada.tokens'), logins: null },
    ]);
  });

  it('says what to store where the client is in neither file', async () => {
    const file = stage.file('token', {
      registration: 'google',
      email: 'ada@example.com',
      refresh_token: await stage.grant(),
    });
    const run = await stage.vault(['import', 'mutt-oauth2', file]);
    expect(run.exitCode).toBe(2);
    expect(run.stderr).toContain('vault setup google --client-id ID --client-secret-file FILE');
  });
});

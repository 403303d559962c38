import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ImportStage, openImportStage } from '../../harness/import-stage.js';
import { needs } from '../../harness/parts.js';
import { runTool } from '../../harness/run-tool.js';

let stage: ImportStage;

beforeEach(async () => {
  stage = await openImportStage();
});
afterEach(async () => {
  expect(stage.reuses()).toBe(0);
  expect(await stage.close()).toEqual([]);
});

const refreshes = async (name: string) => (await stage.vault(['token', name, '--refresh'])).exitCode === 0;

describe('vault import rclone', () => {
  /** A configuration that rclone has written, with a client of the user. */
  async function configured(): Promise<string> {
    const file = join(stage.folder, 'rclone.conf');
    const { endpoints, client } = stage.demo;
    const token = JSON.stringify({
      access_token: 'a',
      token_type: 'Bearer',
      refresh_token: await stage.grant(),
    });
    const options = {
      client_id: client.id,
      token_url: endpoints.token,
      auth_url: endpoints.authorize,
      token,
    };
    const words = Object.entries({ ...options, config_is_local: 'false' }).flat();
    const args = ['--config', file, 'config', 'create', 'work', 'drive', ...words, '--non-interactive'];
    expect((await runTool('rclone', args, { cwd: '/', env: stage.home.env })).exitCode).toBe(0);
    return file;
  }

  it('takes over a remote that rclone wrote', async (context) => {
    needs(context, 'rclone');
    const file = await configured();
    const before = stage.read(file);
    const run = await stage.vault(['import', 'rclone', file]);
    expect(run).toMatchObject({ exitCode: 0, stdout: 'demo/ada@example.com\n' });
    expect(run.stderr).toContain('rclone config delete work');
    expect(await refreshes('demo')).toBe(true);
    expect(stage.read(file)).toBe(before);
    const { results } = await stage.importJson('rclone', file);
    expect(results).toMatchObject([{ outcome: 'imported_before' }]);
  });
});

describe('vault import oidc-agent', () => {
  const OIDC_DIR = () => join(stage.folder, 'oidc-agent');

  it('takes over an account configuration that oidc-gen encrypted', async (context) => {
    needs(context, 'oidc-agent');
    mkdirSync(OIDC_DIR(), { mode: 0o700 });
    const password = stage.file('password', 'a password of the user\n');
    const plain = stage.file('oidc-agent/work', {
      name: 'work',
      issuer_url: `${stage.demo.issuer}/`,
      client_id: stage.demo.client.id,
      client_secret: '',
      refresh_token: await stage.grant(),
      scope: 'openid email notes.read',
      redirect_uris: [],
    });
    const env = { ...stage.home.env, OIDC_CONFIG_DIR: OIDC_DIR() };
    const updated = await runTool('oidc-gen', ['--update', plain, `--pw-file=${password}`], {
      cwd: '/',
      env,
    });
    expect(updated).toMatchObject({ exitCode: 0 });
    expect(stage.read(plain)).not.toContain('refresh_token');
    const wrong = stage.file('wrong', 'another password\n');
    const refused = await stage.vault(['import', 'oidc-agent', 'work', '--password-file', wrong], { env });
    expect(refused).toMatchObject({ exitCode: 2, stdout: '' });
    const run = await stage.vault(['import', 'oidc-agent', 'work', '--password-file', password], { env });
    expect(run).toMatchObject({ exitCode: 0, stdout: 'demo/ada@example.com\n' });
    expect(await refreshes('demo')).toBe(true);
  });
});

describe('a tool whose tokens belong to its own client', () => {
  it.each([
    ['gh', 'vault setup github'],
    ['gcloud', 'vault setup google'],
    ['aws-sso', 'vault connect aws'],
  ])('says what to do instead: %s', async (tool, instead) => {
    const run = await stage.vault(['import', tool]);
    expect(run).toMatchObject({ exitCode: 2, stdout: '' });
    expect(run.stderr).toContain(instead);
  });
});

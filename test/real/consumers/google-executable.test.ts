import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { json, type LocalServer, serve } from '../../doubles/local-server.js';
import { type DemoStage, openDemoStage } from '../../harness/demo-stage.js';
import { needs } from '../../harness/parts.js';
import { runTool } from '../../harness/run-tool.js';

const CLIENT = join(import.meta.dirname, '../../harness/google-executable.mjs');
const AUDIENCE =
  '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/provider';
const TYPE = 'urn:ietf:params:oauth:token-type:id_token';

let stage: DemoStage;
let sts: LocalServer;
beforeEach(async (context) => {
  needs(context, 'the built command line');
  stage = await openDemoStage();
  stage.demo.knobs.idTokenLifetime = 3_600;
  await stage.logIn();
  sts = await serve(
    json(200, {
      access_token: 'access-token-of-google',
      issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      token_type: 'Bearer',
      expires_in: 3600,
    }),
  );
});
afterEach(async () => {
  await sts.close();
  expect(await stage.close()).toEqual([]);
});

const output = () => join(stage.home.root, 'output.json');

/** Writes the file and lets it name the stub instead of Google. @returns its path and content */
async function connect() {
  const run = await stage.vault(['connect', 'google', 'demo', '--for', AUDIENCE, '--install', '--json']);
  const file: string = JSON.parse(run.stdout).files[0].path;
  const content = JSON.parse(readFileSync(file, 'utf8'));
  content.token_url = `${sts.url}/v1/token`;
  content.credential_source.executable.output_file = output();
  writeFileSync(file, JSON.stringify(content));
  return file;
}

async function library(file: string) {
  const env = {
    ...stage.home.env,
    GOOGLE_APPLICATION_CREDENTIALS: file,
    GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES: '1',
    // Else the library asks Google for the project's name.
    GOOGLE_CLOUD_PROJECT: 'project',
  };
  const { text } = await runTool(process.execPath, [CLIENT], { cwd: stage.home.home, env });
  return JSON.parse(text);
}

describe('google-auth-library with the file of vault connect google --for', () => {
  it('exchanges the id_token of the account, which is written nowhere', async () => {
    const found = await library(await connect());
    expect(found).toEqual({ kind: 'PluggableAuthClient', token: 'access-token-of-google' });
    const idToken = (await stage.vault(['token', 'demo', '--id-token'])).stdout.trim();
    expect(Object.fromEntries(new URLSearchParams(sts.received[0]?.body))).toMatchObject({
      audience: AUDIENCE,
      subject_token: idToken,
      subject_token_type: TYPE,
    });
    expect(existsSync(output())).toBe(false);
  });

  it('reports why there is no token, and what to type', async () => {
    const file = await connect();
    await stage.vault(['revoke', 'demo', '--yes']);
    const { failure } = await library(file);
    expect(failure).toContain('failed with exit code: account_not_found');
    expect(failure).toContain('vault login demo');
    expect(sts.received).toEqual([]);
  });
});

describe('vault connect google --for', () => {
  const connectFor = (audience: string, ...more: string[]) =>
    stage.vault(['connect', 'google', 'demo', '--for', audience, ...more]);

  it('makes a private file, and --remove removes it', async () => {
    expect(await connectFor(AUDIENCE, '--install')).toMatchObject({ exitCode: 0 });
    const file = join(stage.home.vault, 'google', 'demo-ada-example.com.json');
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({
      type: 'external_account',
      audience: AUDIENCE,
      subject_token_type: TYPE,
    });
    expect(await connectFor(AUDIENCE, '--remove')).toMatchObject({ exitCode: 0 });
    expect(existsSync(file)).toBe(false);
  });

  it.each(['storage.googleapis.com', '//iam.googleapis.com/pool', 'https://evil.example'])(
    'refuses %s, which is no provider of an identity pool',
    async (audience) => {
      const run = await connectFor(audience);
      expect(run).toMatchObject({ exitCode: 2, stdout: '' });
      expect(run.stderr).toContain('workloadIdentityPools/POOL/providers/PROVIDER');
    },
  );
});

describe('vault helper google', () => {
  const helper = (env: Readonly<Record<string, string>>) =>
    stage.vault(['helper', 'google', 'demo', '--for', AUDIENCE], { env });

  it('prints the id_token with its end, and nothing else', async () => {
    const { id_token, expires_at } = JSON.parse(
      (await stage.vault(['token', 'demo', '--id-token', '--json'])).stdout,
    );
    const end = Math.floor(Date.parse(expires_at) / 1000);
    expect(await helper({ GOOGLE_EXTERNAL_ACCOUNT_AUDIENCE: AUDIENCE })).toMatchObject({
      exitCode: 0,
      stderr: '',
      stdout: `{"version":1,"success":true,"token_type":"${TYPE}","id_token":"${id_token}","expiration_time":${end}}\n`,
    });
  });

  it.each([
    ['another audience', { GOOGLE_EXTERNAL_ACCOUNT_AUDIENCE: '//iam.googleapis.com/other' }],
    ['SAML', { GOOGLE_EXTERNAL_ACCOUNT_TOKEN_TYPE: 'urn:ietf:params:oauth:token-type:saml2' }],
    ['the end of the grant', { GOOGLE_EXTERNAL_ACCOUNT_REVOKE: '1' }],
  ])('gives no token for %s', async (_, env) => {
    const { exitCode, stdout, stderr } = await helper(env);
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout)).toEqual({
      version: 1,
      success: false,
      code: 'usage',
      message: expect.any(String),
    });
  });
});

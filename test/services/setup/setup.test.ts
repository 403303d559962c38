import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Secret } from '../../../src/domain/secret.js';
import { type SetupRequest, setUpProvider } from '../../../src/services/setup/setup.js';
import { GOOGLE_ID, GUID } from '../../doubles/settings-sources.js';
import { type LibraryStage, openLibraryStage } from '../../library/stage.js';

const SECRET = 'GOCSPX-secret # "an example" of one';

let stage: LibraryStage;
beforeEach(async () => {
  stage = await openLibraryStage();
});
afterEach(() => stage.close());

const path = (name: string) => join(stage.home, name);
const google = { name: 'google', issuer: null, clientId: GOOGLE_ID, clientSecret: new Secret(SECRET) };
const work = { name: 'work', issuer: 'https://idp.example', clientId: 'my-client', clientSecret: null };
const setUp = (request: Omit<SetupRequest, 'tenant'>, env: Record<string, string> = {}) =>
  setUpProvider(stage.app(env), { tenant: null, ...request });

describe('setting up a built-in provider', () => {
  it('writes its client into the .env, and keeps the other lines', async () => {
    writeFileSync(path('.env'), '# mine\nGOOGLE_CLIENT_ID=\nexport NOTION_CLIENT_ID=n # kept\n', {
      mode: 0o600,
    });
    const { written, envFile } = await setUp(google);
    expect(written).toEqual(['GOOGLE_CLIENT_ID', 'GOOGLE_CLIENT_SECRET']);
    expect(envFile).toBe(path('.env'));
    expect(readFileSync(path('.env'), 'utf8')).toBe(
      `# mine\nGOOGLE_CLIENT_ID=${GOOGLE_ID}\nexport NOTION_CLIENT_ID=n # kept\nGOOGLE_CLIENT_SECRET='${SECRET}'\n`,
    );
    expect(statSync(path('.env')).mode & 0o777).toBe(0o600);
    const { clientId, clientSecret } = await stage.app().provider('google');
    expect([clientId, clientSecret?.reveal()]).toEqual([GOOGLE_ID, SECRET]);
    expect(readFileSync(path('security.log'), 'utf8')).toContain('"what":"env_file"');
  });

  it('changes the secret alone, and the client of both', async () => {
    await setUp(google);
    expect((await setUp({ ...google, clientId: null, clientSecret: new Secret('second') })).written).toEqual([
      'GOOGLE_CLIENT_SECRET',
    ]);
    expect((await stage.app().provider('google')).clientSecret?.reveal()).toBe('second');
    const other = `2-${GOOGLE_ID}`;
    await expect(setUp({ ...google, clientId: other, clientSecret: null })).rejects.toMatchObject({
      code: 'usage',
      message: 'the client secret of Google is missing',
    });
  });

  it('says which variable counts instead', async () => {
    const { overriddenBy } = await setUp(google, { GOOGLE_CLIENT_ID: `9-${GOOGLE_ID}` });
    expect(overriddenBy).toEqual(['GOOGLE_CLIENT_ID']);
    expect((await setUp(google)).overriddenBy).toEqual([]);
  });

  it.each<[string, Partial<SetupRequest>, object]>([
    ['an id of another form', { clientId: 'x' }, { code: 'config_invalid' }],
    [
      'id and secret swapped',
      { clientId: SECRET, clientSecret: new Secret(GOOGLE_ID) },
      { message: expect.stringContaining('swapped') },
    ],
    ['no id', { clientId: null }, { code: 'usage', message: 'the client id of Google is missing' }],
    ['no secret', { clientSecret: null }, { code: 'usage' }],
    ['an issuer', { issuer: 'https://idp.example' }, { code: 'usage' }],
  ])('writes nothing with %s', async (_, change, failure) => {
    await expect(setUp({ ...google, ...change })).rejects.toMatchObject(failure);
    expect(existsSync(path('.env'))).toBe(false);
  });
});

describe('the tenant of Microsoft', () => {
  const client = { issuer: null, clientId: GUID, clientSecret: null };
  const setTenant = (tenant: string, env = {}) =>
    setUpProvider(stage.app(env), { ...client, name: 'microsoft', tenant });

  it('is written into the .env', async () => {
    expect((await setTenant('contoso.onmicrosoft.com')).written).toContain('MICROSOFT_TENANT_ID');
    expect((await stage.app().provider('microsoft')).endpoints?.token).toContain('/contoso.onmicrosoft.com/');
  });

  it('says that the variable of the environment counts instead', async () => {
    const { overriddenBy } = await setTenant('consumers', { MICROSOFT_TENANT_ID: GUID });
    expect(overriddenBy).toEqual(['MICROSOFT_TENANT_ID']);
  });

  it('writes nothing for one that cannot be one, and for a provider without tenants', async () => {
    await expect(setTenant('no tenant')).rejects.toMatchObject({ code: 'config_invalid' });
    const call = setUpProvider(stage.app(), { ...google, tenant: 'common' });
    await expect(call).rejects.toMatchObject({ code: 'usage', message: 'Google has no tenants' });
    expect(existsSync(path('.env'))).toBe(false);
  });
});

describe('setting up a server of the user’s own', () => {
  it('writes issuer and id into config.json, and the secret into the .env', async () => {
    const { providers, keySource } = stage.config();
    const { written } = await setUp({ ...work, clientSecret: new Secret('own-secret') });
    expect(written).toEqual(['providers.work.issuer', 'providers.work.clientId', 'WORK_CLIENT_SECRET']);
    expect(stage.config()).toEqual({
      keySource,
      providers: { ...(providers as object), work: { issuer: work.issuer, clientId: 'my-client' } },
    });
    expect(readFileSync(path('.env'), 'utf8')).toBe('WORK_CLIENT_SECRET=own-secret\n');
  });

  it('keeps the other fields of one that is there', async () => {
    await setUp(work);
    stage.configure({
      ...stage.config(),
      providers: {
        work: {
          ...work,
          name: undefined,
          clientSecret: undefined,
          issuer: 'https://old.example',
          title: 'Work',
        },
      },
    });
    await setUp(work);
    expect(stage.config()['providers']).toEqual({
      work: { issuer: work.issuer, clientId: 'my-client', title: 'Work' },
    });
  });

  it('removes the secret of a client that has none, wherever it is set', async () => {
    await setUp({ ...work, clientSecret: new Secret('mistyped') });
    const { written, removed } = await setUp({ ...work, clientId: null, clientSecret: 'none' });
    expect([written, removed]).toEqual([['providers.work.issuer'], ['WORK_CLIENT_SECRET']]);
    expect(readFileSync(path('.env'), 'utf8')).toBe('');
    const own = { issuer: work.issuer, clientId: 'my-client' };
    stage.configure({ ...stage.config(), providers: { work: { ...own, clientSecret: 'mistyped' } } });
    expect((await setUp({ ...work, clientSecret: 'none' })).removed).toEqual(['providers.work.clientSecret']);
    expect(stage.config()['providers']).toEqual({ work: own });
  });

  it('says why a client that needs a secret cannot go without one', async () => {
    stage.configure({
      ...stage.config(),
      providers: { work: { issuer: work.issuer, clientAuth: 'post' } },
    });
    await expect(setUp({ ...work, clientSecret: 'none' })).rejects.toMatchObject({
      code: 'usage',
      hint: 'a secret is needed because providers.work.clientAuth is post\nif the client has none: vault config set providers.work.clientAuth none',
    });
  });

  it('says what was replaced, and that the secret from before is kept', async () => {
    expect(await setUp({ ...work, clientSecret: new Secret('own') })).toMatchObject({
      replaced: null,
      keptSecret: false,
    });
    const { replaced, keptSecret } = await setUp({ ...work, clientId: 'other' });
    expect(replaced).toEqual({ before: { 'providers.work.clientId': 'my-client' }, accounts: [] });
    expect(keptSecret).toBe(true);
  });

  it.each<[string, Partial<SetupRequest>, string]>([
    ['without an id', { clientId: null }, 'usage'],
    ['with an issuer that is no URL', { issuer: 'idp.example' }, 'config_invalid'],
    ['without an issuer', { issuer: null }, 'provider_unknown'],
  ])('writes nothing %s', async (_, change, code) => {
    const before = readFileSync(path('config.json'), 'utf8');
    await expect(setUp({ ...work, ...change })).rejects.toMatchObject({ code });
    expect(readFileSync(path('config.json'), 'utf8')).toBe(before);
  });
});

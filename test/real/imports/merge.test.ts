import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ImportStage, openImportStage, tokenJson } from '../../harness/import-stage.js';

let stage: ImportStage;

beforeEach(async () => {
  stage = await openImportStage();
});
afterEach(async () => {
  expect(stage.reuses()).toBe(0);
  expect(await stage.close()).toEqual([]);
});

const importing = async (scope?: string, more?: object) => {
  const scopes = (scope ?? 'openid email notes.read').split(' ');
  const file = stage.file('token.json', tokenJson(stage.demo, await stage.grant(scope), { scopes, ...more }));
  return (await stage.importJson('google-auth', file)).results[0];
};
const accounts = async () => {
  const { stdout } = await stage.vault(['list', '--json']);
  return (JSON.parse(stdout).accounts as { account: string }[]).map(({ account }) => account);
};
const show = async (name: string) => JSON.parse((await stage.vault(['show', name, '--json'])).stdout);
const refreshes = async (name: string) => (await stage.vault(['token', name, '--refresh'])).exitCode === 0;

const refuseUserinfo = () =>
  stage.demo.next('userinfo', {
    when: 'before',
    send: {
      status: 403,
      headers: { 'content-type': 'application/json' },
      body: '{"error":"insufficient_scope"}',
    },
  });

describe('an import for a user who has an account', () => {
  it('does not replace a working grant', async () => {
    await stage.logIn(['--scope', 'openid email notes.read']);
    expect(await importing()).toMatchObject({ outcome: 'kept', account: 'demo/ada@example.com' });
    expect(await accounts()).toEqual(['demo/ada@example.com']);
    expect((await show('demo')).consents).toMatchObject([{ how: 'browser' }]);
    expect(await refreshes('demo')).toBe(true);
  });

  it('takes the place of a grant that ended unnoticed', async () => {
    const scope = 'openid email notes.read';
    await stage.logIn(['--scope', scope]);
    stage.demo.endAllGrants();
    expect((await show('demo')).status).toBe('active');
    expect(await importing(scope)).toMatchObject({ outcome: 'updated', account: 'demo/ada@example.com' });
    expect(await accounts()).toEqual(['demo/ada@example.com']);
    expect(await refreshes('demo')).toBe(true);
  });

  it('drops no grant while it is not known that the other works', async () => {
    await stage.logIn(['--scope', 'openid email notes.read']);
    const token = await stage.grant();
    const file = stage.file('token.json', tokenJson(stage.demo, token));
    // The refresher of the account fails; the one of the import, which comes first, does not.
    stage.demo.next('token', { when: 'after', send: 'own' });
    const busy = { status: 400, headers: {}, body: '{"error":"temporarily_unavailable"}' };
    stage.demo.next('token', { when: 'before', send: busy }, 5);
    const run = await stage.vault(['import', 'google-auth', file]);
    expect(run).toMatchObject({ exitCode: 0, stdout: 'demo/ada@example.com-2\n' });
    expect(run.stderr).toContain('could not be refreshed now');
    expect(await accounts()).toEqual(['demo/ada@example.com', 'demo/ada@example.com-2']);
  });

  it('says that the refresh token in the file may have been replaced', async () => {
    await stage.logIn(['--scope', 'openid email notes.read']);
    const file = stage.file('token.json', tokenJson(stage.demo, await stage.grant()));
    const { stderr } = await stage.vault(['import', 'google-auth', file]);
    expect(stderr).toContain('the one that google-auth has no longer works');
    expect(stderr).not.toContain('two programs');
  });

  it('keeps a grant for other scopes beside a working one', async () => {
    await stage.logIn(['--scope', 'openid email']);
    expect(await importing()).toMatchObject({
      outcome: 'kept_beside',
      account: 'demo/ada@example.com-2',
      beside: 'demo/ada@example.com',
    });
    expect(await refreshes('demo/ada@example.com')).toBe(true);
    expect(await refreshes('demo/ada@example.com-2')).toBe(true);
  });

  it('takes the place of a grant that has ended', async () => {
    await stage.logIn();
    stage.demo.endAllGrants();
    expect(await refreshes('demo')).toBe(false);
    expect((await show('demo')).status).toBe('login_needed');
    expect(await importing()).toMatchObject({ outcome: 'updated', account: 'demo/ada@example.com' });
    expect(await accounts()).toEqual(['demo/ada@example.com']);
    expect(await show('demo')).toMatchObject({ status: 'active', scopes: ['openid', 'email', 'notes.read'] });
    expect(await refreshes('demo')).toBe(true);
    expect((await stage.vault(['audit', '--verify'])).exitCode).toBe(0);
    expect((await stage.vault(['doctor', '--json'])).exitCode).toBe(0);
  });
});

describe('an import of a grant that does not tell whose it is', () => {
  it('has the name that the file gives, until a login tells', async () => {
    refuseUserinfo();
    const result = await importing('mail', { account: 'ada@example.com' });
    expect(result).toMatchObject({ outcome: 'added', account: 'demo/ada@example.com', identified: false });
    expect(await show('demo')).toMatchObject({ scopes: ['mail'], missing_scopes: [] });
    expect(await refreshes('demo')).toBe(true);
    expect((await stage.logIn()).stdout).toBe('demo/ada@example.com\n');
    expect(await accounts()).toEqual(['demo/ada@example.com']);
    expect((await show('demo')).identity.subject).toBe('demo-1815');
    expect(await refreshes('demo')).toBe(true);
  });

  it('is told by a login for it, whatever its name', async () => {
    refuseUserinfo();
    const scopes = ['mail'];
    const file = stage.file('token.json', tokenJson(stage.demo, await stage.grant('mail'), { scopes }));
    await stage.vault(['import', 'google-auth', file, '--as', 'work']);
    expect((await show('demo')).identity.subject).not.toBe('demo-1815');
    const url = await stage.logInTo('demo/work');
    expect(url).toMatchObject({ exitCode: 0, stdout: 'demo/work\n' });
    expect(await accounts()).toEqual(['demo/work']);
    expect((await show('demo')).identity).toMatchObject({ subject: 'demo-1815' });
  });
});

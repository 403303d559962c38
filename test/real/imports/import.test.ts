import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
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

const tokenFile = async (scope?: string, more?: object) =>
  stage.file('token.json', tokenJson(stage.demo, await stage.grant(scope), more));

describe('vault import', () => {
  it('takes over a login: the account works, and refreshes', async () => {
    const file = await tokenFile();
    const before = stage.read(file);
    const run = await stage.vault(['import', 'google-auth', file]);
    expect(run).toMatchObject({ exitCode: 0, stdout: 'demo/ada@example.com\n' });
    expect(run.stderr).toContain('then delete the file:');
    expect(stage.tokenRequests()).toBe(1);
    expect((await stage.vault(['token', 'demo'])).exitCode).toBe(0);
    expect((await stage.vault(['token', 'demo', '--refresh'])).exitCode).toBe(0);
    expect(stage.tokenRequests()).toBe(1);
    expect(stage.read(file)).toBe(before);
    const shown = JSON.parse((await stage.vault(['show', 'demo', '--json'])).stdout);
    expect(shown).toMatchObject({
      status: 'active',
      identity: { subject: 'demo-1815', email: 'ada@example.com' },
      scopes: ['openid', 'email', 'notes.read'],
      consents: [{ how: 'import' }],
    });
    const audit = await stage.vault(['audit', '--json']);
    expect(audit.stdout).toContain('"event":"imported"');
    expect((await stage.vault(['audit', '--verify'])).exitCode).toBe(0);
  });

  it('imports once when it is run twice, and sends nothing then', async () => {
    const file = await tokenFile();
    await stage.vault(['import', 'google-auth', file]);
    stage.tokenRequests();
    const { results } = await stage.importJson('google-auth', file);
    expect(results).toMatchObject([{ outcome: 'imported_before', account: 'demo/ada@example.com' }]);
    expect(stage.tokenRequests()).toBe(0);
  });

  it('imports once when it is run twice at the same time', async () => {
    const file = await tokenFile();
    await stage.vault(['init']);
    const both = [stage.importJson('google-auth', file), stage.importJson('google-auth', file)];
    const outcomes = (await Promise.all(both)).map(({ results }) => results[0]?.['outcome']);
    expect(outcomes.sort()).toEqual(['added', 'imported_before']);
    expect(stage.tokenRequests()).toBe(1);
  });

  it('reads what is no text from stdin too', async () => {
    const pickle = await stage.vault(['import', 'gcalcli', '-'], { stdin: Buffer.from([0x80, 4, 0x2e]) });
    expect(pickle.stderr).toContain('the input on stdin is a pickle');
    const sealed = await stage.vault(['import', 'mutt-oauth2', '-'], { stdin: Buffer.from([0x85, 1, 0]) });
    expect(sealed.stderr).toContain('the input on stdin is encrypted');
  });

  it('says so where the record of imports is damaged', async () => {
    const file = await tokenFile();
    writeFileSync(join(stage.home.vault, 'imports.json'), '{"imported":[null]}', { mode: 0o600 });
    const run = await stage.vault(['import', 'google-auth', file]);
    expect(run.stderr).toContain('imports.json is damaged');
    expect(stage.tokenRequests()).toBe(0);
  });

  it('sends nothing and stores nothing with --dry-run', async () => {
    const file = await tokenFile();
    const requests = { ...stage.demo.requests };
    const { results } = await stage.importJson('google-auth', file, '--dry-run');
    expect(results).toMatchObject([{ outcome: 'would_import', provider: 'demo', account: null }]);
    expect(stage.demo.requests).toEqual(requests);
    expect((await stage.vault(['list', '--json'])).stdout).toBe('{"accounts":[]}\n');
  });
});

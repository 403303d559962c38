import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.js';
import type { OpenClient } from '../../src/vault/registered-clients.js';
import { openRotationStage, type RotationStage } from './rotation-stage.js';

let stage: RotationStage;
beforeEach(async () => {
  stage = await openRotationStage();
});
afterEach(() => stage.close());

const ISSUER = 'https://login.example.com';
const EVENT = { event: 'client_registered', provider: 'mcp.example.com' } as const;
const CLIENT = {
  issuer: ISSUER,
  clientId: 'client-1',
  clientAuth: 'basic',
  redirectUri: 'http://127.0.0.1:50000/callback',
  createdAt: 1,
  secretExpiresAt: 2,
  clientSecret: new Secret('client-secret-example'),
  registrationToken: new Secret('registration-token-example'),
  registrationUri: 'https://login.example.com/register/client-1',
} as const;

async function keep(change: Partial<OpenClient> = {}): Promise<void> {
  const clients = await (await stage.open()).clients();
  await clients.keep({ ...CLIENT, ...change }, EVENT);
}

async function found(issuer = ISSUER) {
  const client = await (await (await stage.open()).clients()).at(issuer);
  return client && [client.clientId, client.clientSecret?.reveal(), client.registrationToken?.reveal()];
}

const WHOLE = ['client-1', 'client-secret-example', 'registration-token-example'];

describe('a registered client', () => {
  it('is found again by its issuer, by another process too', async () => {
    await keep();
    expect([await found(), await found('https://other.example.com')]).toEqual([WHOLE, null]);
    const [seen] = await (await (await stage.open()).clients()).all();
    expect(seen).toMatchObject({ issuer: ISSUER, clientId: 'client-1', refusedAt: null });
    expect(JSON.stringify(seen)).not.toContain('example-');
  });

  it('has no secret in the database', async () => {
    await keep();
    stage.tamper((database) => {
      const bytes = database.serialize().toString('latin1');
      expect(bytes).toContain('client-1');
      for (const secret of WHOLE.slice(1)) expect(bytes).not.toContain(secret);
    });
  });

  it('is replaced by a new one at the same issuer, and beside those at others', async () => {
    await keep();
    await keep({ clientId: 'client-2' });
    await keep({ issuer: 'https://other.example.com', clientId: 'client-3', clientSecret: null });
    const all = await (await (await stage.open()).clients()).all();
    expect(all.map(({ clientId }) => clientId)).toEqual(['client-2', 'client-3']);
    await (await stage.open()).verifyRowSet();
  });

  it('counts among the rows: one that is deleted or put back is noticed', async () => {
    const verdict = async () =>
      (await stage.open()).verifyRowSet().then(
        () => 'whole',
        (failure: Error) => failure.message,
      );
    await keep();
    stage.tamper((database) =>
      database.exec(`ATTACH '${stage.file}.aside' AS aside;
      CREATE TABLE aside.kept AS SELECT * FROM registered_clients`),
    );
    await keep({ clientId: 'client-2' });
    expect(await verdict()).toBe('whole');
    stage.tamper((database) =>
      database.exec(`ATTACH '${stage.file}.aside' AS aside;
      DELETE FROM registered_clients; INSERT INTO registered_clients SELECT * FROM aside.kept`),
    );
    expect(await verdict()).toContain('the vault was altered');
    stage.tamper((database) => database.exec('DELETE FROM registered_clients'));
    expect(await verdict()).toContain('is missing');
  });

  it.each(['client_id', 'redirect_uri', 'client_auth', 'issuer'])(
    'does not open once its %s was edited',
    async (column) => {
      await keep();
      const value = column === 'client_auth' ? 'post' : `${ISSUER}/x`;
      stage.tamper((database) => database.exec(`UPDATE registered_clients SET ${column} = '${value}'`));
      await expect(found(column === 'issuer' ? value : ISSUER)).rejects.toMatchObject({
        code: 'vault_damaged',
        hint: expect.stringContaining('providers --forget'),
      });
    },
  );

  it('stays readable while the data keys are replaced, and is sealed under the new ones', async () => {
    await keep();
    await stage.begin();
    expect(await found()).toEqual(WHOLE);
    expect(await stage.finish()).toBe(false);
    const rotation = await (await stage.open()).rotation();
    await rotation.reseal(await rotation.behind());
    expect(await rotation.behind()).toEqual([]);
    expect(await stage.finish()).toBe(true);
    expect(await found()).toEqual(WHOLE);
  });

  it('keeps the old data keys needed as long as it is sealed under them', async () => {
    await keep();
    await stage.begin();
    const rotation = await (await stage.open()).rotation();
    const accounts = (await (await stage.open()).accounts()).map(({ id }) => id);
    await rotation.reseal(accounts);
    expect(await stage.finish()).toBe(false);
  });

  it('is forgotten with its secrets, and only once', async () => {
    await keep();
    const clients = await (await stage.open()).clients();
    const client = await clients.at(ISSUER);
    if (client === null) throw new Error('it was kept');
    await clients.refused(client, 5);
    expect(await clients.at(ISSUER)).toMatchObject({ refusedAt: 5 });
    expect([await clients.forget(client, EVENT), await clients.forget(client, EVENT)]).toEqual([true, false]);
    expect(await found()).toBe(null);
    await (await stage.open()).verifyRowSet();
  });
});

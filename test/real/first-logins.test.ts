import { execFileSync } from 'node:child_process';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { accountExample } from '../doubles/account.js';
import { type Actor, startActor } from '../harness/actor.js';
import { runVault } from '../harness/cli.js';
import { needs } from '../harness/parts.js';
import { type SecretService, startSecretService } from '../harness/secret-service.js';
import { makeTempHome, type TempHome } from '../harness/temp-home.js';

const COUNT = 50;

let home: TempHome;
let service: SecretService | null = null;
let actors: Actor[] = [];
beforeEach(() => {
  home = makeTempHome({ keySource: 'keychain', providers: {} });
});
afterEach(async () => {
  await Promise.all(actors.map((actor) => actor.kill()));
  await service?.stop();
  home.remove();
});

it('fifty first logins at once on an empty keychain make one master key, which opens what each has stored', async (context) => {
  needs(context, 'Secret Service', 'the built command line');
  service = await startSecretService(home);
  const env = { ...home.env, ...service.env };
  actors = await Promise.all(Array.from({ length: COUNT }, () => startActor(env)));
  const joined = await Promise.all(
    actors.map((actor, index) => {
      const facts = accountExample({ label: `person-${index}` });
      return actor.ask('join', { home: home.vault, facts, subject: `subject-${index}` });
    }),
  );
  expect(joined).toEqual(Array(COUNT).fill(true));

  const options = { env: service.env };
  const status = await runVault(['key', 'status', '--json'], home, options);
  expect(JSON.parse(status.stdout).keys).toMatchObject([{ source: 'keychain', in_use: true }]);
  expect(keysInKeychain(env)).toBe(1);
  const opened = await actors[0]?.ask('open', { home: home.vault });
  expect(opened).toEqual(Array.from({ length: COUNT }, (_, index) => `access-token-subject-${index}`).sort());
}, 120_000);

/** How many items of this program the keychain holds, counted by another program. */
function keysInKeychain(env: Readonly<Record<string, string>>): number {
  const bus = env['DBUS_SESSION_BUS_ADDRESS'] ?? '';
  const answer = execFileSync(
    'dbus-send',
    [
      `--bus=${bus}`,
      '--print-reply',
      '--dest=org.freedesktop.secrets',
      '/org/freedesktop/secrets',
      'org.freedesktop.Secret.Service.SearchItems',
      'dict:string:string:service,token-vault',
    ],
    { encoding: 'utf8', env },
  );
  return answer.match(/object path/g)?.length ?? 0;
}

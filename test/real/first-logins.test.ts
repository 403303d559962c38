import { execFileSync } from 'node:child_process';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Actor, withActors } from '../harness/actor.js';
import { type DemoStage, openDemoStage } from '../harness/demo-stage.js';
import { consenting, logIn } from '../harness/login.js';
import { HANGS, needs } from '../harness/parts.js';
import { type SecretService, startSecretService } from '../harness/secret-service.js';

const PROVIDERS = Array.from({ length: 12 }, (_, index) => `demo-${index}`);

let stage: DemoStage;
let service: SecretService | null = null;
beforeEach(async () => {
  stage = await openDemoStage({ config: { keySource: 'keychain' } });
});
afterEach(async () => {
  await service?.stop();
  expect(await stage.close()).toEqual([]);
});

it('a dozen first logins at once share one master key in the keychain', async (context) => {
  needs(context, 'Secret Service', 'the built command line');
  service = await startSecretService(stage.home);
  const { env } = service;
  const config = stage.home.config();
  const settings = config.providers['demo'] ?? {};
  stage.home.configure({
    ...config,
    providers: Object.fromEntries(PROVIDERS.map((name) => [name, settings])),
  });

  const options = { env };
  const logins = await Promise.all(
    PROVIDERS.map((provider) => logIn(stage.home, [provider], consenting(), options)),
  );
  expect(logins.filter(({ exitCode }) => exitCode !== 0)).toEqual([]);

  const status = await stage.vault(['key', 'status', '--json'], { env });
  expect(JSON.parse(status.stdout).keys).toMatchObject([{ source: 'keychain', in_use: true }]);
  expect(keysInKeychain({ ...stage.home.env, ...env })).toBe(1);
  const opened = await withActors(
    1,
    ([actor]) => (actor as Actor).ask<string[]>('open', { home: stage.home.vault }),
    env,
  );
  expect(opened).toHaveLength(PROVIDERS.length);
  expect(new Set(opened).size).toBe(PROVIDERS.length);
});

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
    { encoding: 'utf8', env, timeout: HANGS },
  );
  return answer.match(/object path/g)?.length ?? 0;
}

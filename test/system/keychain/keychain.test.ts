import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/system/clock.js';
import { keychainStage } from '../../doubles/keychain-host.js';
import { VAULT_JS } from '../../harness/cli.js';
import { needs } from '../../harness/parts.js';
import { type SecretService, startSecretService } from '../../harness/secret-service.js';
import { makeTempHome, type TempHome } from '../../harness/temp-home.js';

let home: TempHome;
let service: SecretService;
const self = [process.execPath, VAULT_JS] as const;

describe('the keychain of a Linux desktop', () => {
  beforeEach(async (context) => {
    needs(context, 'Secret Service', 'the built command line');
    home = makeTempHome();
    service = await startSecretService(home);
  });
  afterEach(async () => {
    await service?.stop();
    home?.remove();
  });

  const environment = () => ({ ...home.env, ...service.env });

  it('stores, returns and removes items, each under its own name', async () => {
    const { keychain } = keychainStage({ env: environment(), self });
    await keychain.write('token-vault-test', 'one', 'väl-1');
    await keychain.write('token-vault-test', 'two', 'väl-2');
    expect(await keychain.read('token-vault-test', 'one')).toBe('väl-1');
    expect(await keychain.read('token-vault-test', 'two')).toBe('väl-2');
    expect(await keychain.read('token-vault-test', 'three')).toBeNull();
    expect(await keychain.remove('token-vault-test', 'one')).toBe(true);
    expect(await keychain.remove('token-vault-test', 'one')).toBe(false);
    expect(await keychain.read('token-vault-test', 'one')).toBeNull();
    expect(await keychain.read('token-vault-test', 'two')).toBe('väl-2');
  });

  it('reads what keytar wrote, and keytar reads what it wrote', async () => {
    const { keychain } = keychainStage({ env: environment(), self });
    const keytar = (call: string) =>
      spawnSync(
        process.execPath,
        ['-p', `require('keytar').${call}.then((value) => console.log('=', value))`],
        {
          env: environment(),
          encoding: 'utf8',
        },
      ).stdout;
    keytar("setPassword('token-vault-test', 'old', 'written before')");
    expect(await keychain.read('token-vault-test', 'old')).toBe('written before');
    await keychain.write('token-vault-test', 'new', 'written after');
    expect(keytar("getPassword('token-vault-test', 'new')")).toContain('= written after');
  });

  it('times out if it is stopped', async () => {
    const { keychain } = keychainStage({
      env: environment(),
      self,
      timeouts: { alone: 400, interactive: 400 },
    });
    service.freeze();
    await expect(keychain.read('token-vault-test', 'example')).rejects.toMatchObject({ kind: 'timed_out' });
  });

  it('is found on a bus that no variable names, for reading and for writing', async () => {
    const { DBUS_SESSION_BUS_ADDRESS: _, ...env } = { ...environment(), DBUS_SESSION_BUS_ADDRESS: '' };
    const { keychain } = keychainStage({ env, self });
    await keychain.write('token-vault-test', 'example', 'value-example');
    expect(await keychain.read('token-vault-test', 'example')).toBe('value-example');
  });

  describe('a library that hangs in a call that cannot be cancelled', () => {
    let deaf: Server;
    let connected: Promise<[Socket]>;
    let env: Readonly<Record<string, string>>;
    beforeEach(async () => {
      deaf = createServer(() => {}).listen(0, '127.0.0.1');
      connected = once(deaf, 'connection') as Promise<[Socket]>;
      await once(deaf, 'listening');
      const { port } = deaf.address() as AddressInfo;
      env = { ...environment(), DBUS_SESSION_BUS_ADDRESS: `tcp:host=127.0.0.1,port=${port}` };
    });
    afterEach(() => void deaf.close());

    it('times out, and its process is killed', async () => {
      // Its time is up once the library is in that call, however busy the machine is.
      const clock = { ...systemClock, sleep: async () => void (await connected) };
      const { keychain } = keychainStage({ env, self, clock });
      await expect(keychain.write('token-vault-test', 'example', 'value')).rejects.toMatchObject({
        kind: 'timed_out',
        about: expect.stringContaining('org.freedesktop.secrets'),
      });
      const [socket] = await connected;
      // Its end is that of the process, and without one this waits for ever.
      if (!socket.destroyed) await once(socket.resume(), 'close');
    });

    it('is abandoned if the caller no longer waits', async () => {
      const helper = spawn(process.execPath, [VAULT_JS, '@keychain'], {
        env,
        stdio: ['pipe', 'ignore', 'ignore'],
      });
      helper.stdin.write('{"action":"read","service":"token-vault-test","account":"example","value":null}\n');
      await connected;
      const gone = once(helper, 'exit');
      helper.stdin.end();
      // By a signal, where Node cannot become another program.
      expect(await gone).not.toContain(0);
    });
  });

  it('is used for a bus that is not on a Unix socket', async () => {
    const env = { ...environment(), DBUS_SESSION_BUS_ADDRESS: 'tcp:host=127.0.0.1,port=1' };
    const { keychain } = keychainStage({ env, self });
    await expect(keychain.read('token-vault-test', 'example')).rejects.toMatchObject({
      kind: 'unavailable',
      about: 'the session bus is at tcp:host=127.0.0.1,port=1',
    });
  });
});

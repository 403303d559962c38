import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectBus } from '../../src/system/keychain/dbus.js';
import { processOfSecretService } from '../../src/system/keychain/secret-service.js';
import { type SessionBus, startSessionBus } from './session-bus.js';
import type { TempHome } from './temp-home.js';

/** A session bus with the real Secret Service of Debian on it; its keyrings are those of the given home. */
export interface SecretService {
  readonly bus: SessionBus;
  /** What a command needs to find it. */
  readonly env: Readonly<Record<string, string>>;
  /** Stops it as `kill -STOP` does: it takes questions and never answers. */
  freeze(): void;
  thaw(): void;
  /** Starts it again, with all keyrings locked. */
  lock(): Promise<void>;
  /** Starts it again, as after a login to the desktop. */
  unlock(): Promise<void>;
  stop(): Promise<void>;
}

const PASSWORD = 'keyring-password-example';

/** @param unlocked a home without a keyring gets one; locked, it has none until a person makes one */
export async function startSecretService(home: TempHome, unlocked = true): Promise<SecretService> {
  const bus = await startSessionBus(join(home.root, 'runtime'));
  const env = { XDG_RUNTIME_DIR: bus.runtime, ...bus.env };
  const start = async (open: boolean) => {
    const args = ['--foreground', '--components=secrets', ...(open ? ['--unlock'] : [])];
    const started = spawn('gnome-keyring-daemon', args, {
      env: { ...home.env, ...env },
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    started.stdin.end(open ? PASSWORD : '');
    await serving(bus, started);
    return started;
  };
  let daemon = await start(unlocked);
  async function restart(open: boolean): Promise<void> {
    await ended(daemon);
    daemon = await start(open);
  }
  return {
    bus,
    env,
    freeze: () => void daemon.kill('SIGSTOP'),
    thaw: () => void daemon.kill('SIGCONT'),
    lock: () => restart(false),
    unlock: () => restart(true),
    async stop() {
      await ended(daemon);
      await bus.stop();
    },
  };
}

/** Resolves when this process, and no other, is the Secret Service of the bus. */
async function serving({ socket }: SessionBus, daemon: ChildProcess): Promise<void> {
  const connection = connectBus(socket, process.getuid?.() ?? 0);
  try {
    while ((await processOfSecretService(connection).catch(() => null)) !== daemon.pid) {
      if (daemon.exitCode !== null) throw new Error('gnome-keyring-daemon ended at once');
      await sleep(10);
    }
  } finally {
    connection.close();
  }
}

async function ended(process: ChildProcess): Promise<void> {
  const gone = once(process, 'close');
  process.kill('SIGKILL');
  await gone;
}

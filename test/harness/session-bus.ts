import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** A real D-Bus daemon that starts no services by itself. */
export interface SessionBus {
  /** A private folder, as the login manager makes one for each user; the bus is its `bus`. */
  readonly runtime: string;
  readonly socket: string;
  /** What a command needs to find it. */
  readonly env: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

const config = (socket: string) => `<busconfig>
  <type>session</type>
  <listen>unix:path=${socket}</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
`;

/** @param folder absolute; it is made */
export async function startSessionBus(folder: string): Promise<SessionBus> {
  mkdirSync(folder, { mode: 0o700, recursive: true });
  const socket = join(folder, 'bus');
  const file = join(folder, 'bus.conf');
  writeFileSync(file, config(socket));
  const daemon = spawn('dbus-daemon', [`--config-file=${file}`, '--nofork', '--print-address=1'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const closed = once(daemon, 'close');
  const [address] = (await once(createInterface(daemon.stdout), 'line')) as [string];
  return {
    runtime: folder,
    socket,
    env: { DBUS_SESSION_BUS_ADDRESS: address },
    async stop() {
      daemon.kill();
      await closed;
    },
  };
}

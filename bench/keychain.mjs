import { spawn } from 'node:child_process';
import { once } from 'node:events';

const SCRIPT = `
printf bench | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1 || exit 1
echo "$DBUS_SESSION_BUS_ADDRESS"
exec cat >/dev/null
`;

/**
 * A session bus with a real Secret Service, for as long as it is wanted.
 *
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<{ address: string, stop: () => Promise<void> } | null>} null where there is none
 */
export async function startKeychain(env) {
  const session = spawn('dbus-run-session', ['--', 'sh', '-c', SCRIPT], {
    env,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const ended = new Promise((resolve) => {
    session.once('error', resolve);
    session.once('close', resolve);
  });
  const address = await Promise.race([
    once(session.stdout, 'data').then(([chunk]) => String(chunk).trim()),
    ended.then(() => null),
  ]);
  if (address === null) return null;
  return {
    address,
    stop: async () => {
      session.stdin.end();
      await ended;
    },
  };
}

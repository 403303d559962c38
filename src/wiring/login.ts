import type { LoginDeps } from '../services/login/login-finish.js';
import { createBrowser } from '../system/browser.js';
import type { Host } from '../system/contract.js';
import { desktopEnvironmentOf } from '../system/desktop-environment.js';
import { createTcpOwners } from '../system/tcp.js';

/* How app.ts wires what a login sees of this machine. Loaded when first called. */

export type LoginPlace = Pick<LoginDeps, 'surroundings' | 'browser' | 'isOtherUser' | 'isOthersPort'>;

const ROOT = 0;

export function loginPlace(host: Host): LoginPlace {
  const surroundings = desktopEnvironmentOf(host);
  const owners = createTcpOwners(host.uid);
  const isOther = (uid: number) => uid !== ROOT && uid !== host.uid;
  return {
    surroundings,
    browser: createBrowser(host, surroundings),
    async isOtherUser(end, here) {
      const uid = await owners.ofConnection(end, here);
      return uid === 'nobody' ? 'gone' : uid !== null && isOther(uid);
    },
    async isOthersPort(port) {
      const found = await Promise.all(
        ['127.0.0.1', '::1'].map((address) => owners.ofListeners({ address, port })),
      );
      return found.some((uids) => uids === null || uids.some(isOther));
    },
  };
}

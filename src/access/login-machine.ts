import { createBrowser } from '../system/browser.js';
import type { Browser, Host, IsOtherUser } from '../system/contract.js';
import { type DesktopEnvironment, desktopEnvironmentOf } from '../system/desktop-environment.js';
import { createTcpOwners } from '../system/tcp.js';

const ROOT = 0;

/** What a login needs of this machine. Root and this user themselves never count as another user. */
export interface LoginMachine {
  readonly surroundings: DesktopEnvironment;
  readonly browser: Browser;
  readonly isOtherUser: IsOtherUser;
  /** Whether another user may listen on a port of the loopback interface; true where that is not known. */
  isOthersPort(port: number): Promise<boolean>;
}

export function loginMachine(host: Host): LoginMachine {
  const surroundings = desktopEnvironmentOf(host);
  const owners = createTcpOwners(host.uid);
  const isOther = (uid: number) => uid !== ROOT && uid !== host.uid;
  return {
    surroundings,
    browser: createBrowser(host, surroundings),
    async isOtherUser(end, here) {
      const uid = await owners.ofConnection(end, here);
      return uid === 'closed' ? 'gone' : uid !== null && isOther(uid);
    },
    async isOthersPort(port) {
      const found = await Promise.all(
        ['127.0.0.1', '::1'].map((address) => owners.ofListeners({ address, port })),
      );
      return found.some((uids) => uids === null || uids.some(isOther));
    },
  };
}

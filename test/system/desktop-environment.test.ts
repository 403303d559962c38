import { describe, expect, it } from 'vitest';
import {
  type DesktopEnvironment,
  desktopEnvironmentOf,
  detectEnvironment,
} from '../../src/system/desktop-environment.js';

interface Machine {
  readonly env?: Readonly<Record<string, string>>;
  readonly platform?: NodeJS.Platform;
  readonly files?: Readonly<Record<string, string>>;
  readonly user?: string | null;
}

function on({ env = {}, platform = 'linux', files = {}, user = 'alice' }: Machine): DesktopEnvironment {
  return detectEnvironment({
    env,
    platform,
    exists: (path) => path in files,
    read: (path) => files[path] ?? '',
    user: () => user,
    hostname: () => 'buildbox',
  });
}

const NOWHERE: DesktopEnvironment = {
  ssh: null,
  wsl: false,
  container: false,
  codespace: false,
  ci: false,
  display: false,
};
const WSL2 = 'Linux version 5.15.167.4-microsoft-standard-WSL2 (root@f9c826d3017f) (gcc …) #1 SMP';

describe('the surroundings', () => {
  it.each<[string, Machine, Partial<DesktopEnvironment>]>([
    ['a bare machine', {}, {}],
    ['a desktop under X11', { env: { DISPLAY: ':0' } }, { display: true }],
    ['a desktop under Wayland', { env: { WAYLAND_DISPLAY: 'wayland-0' } }, { display: true }],
    ['a Mac', { platform: 'darwin' }, { display: true }],
    ['Windows', { platform: 'win32' }, { display: true }],
    ['WSL by its variables', { env: { WSL_DISTRO_NAME: 'Debian' } }, { wsl: true, display: true }],
    [
      'WSL by its interop socket',
      { env: { WSL_INTEROP: '/run/WSL/8_interop' } },
      { wsl: true, display: true },
    ],
    ['WSL 2 by its kernel', { files: { '/proc/version': WSL2 } }, { wsl: true, display: true }],
    [
      'WSL 1 by its kernel',
      { files: { '/proc/sys/kernel/osrelease': '4.4.0-19041-Microsoft\n' } },
      { wsl: true, display: true },
    ],
    [
      'a container on the kernel of WSL',
      { files: { '/proc/version': WSL2, '/.dockerenv': '' } },
      { container: true },
    ],
    ['a name that only holds wsl', { files: { '/proc/version': 'Linux version 6.1 (awslinux)' } }, {}],
    ['Docker', { files: { '/.dockerenv': '' } }, { container: true }],
    ['Podman', { files: { '/run/.containerenv': 'engine="podman"' } }, { container: true }],
    ['systemd-nspawn', { env: { container: 'systemd-nspawn' } }, { container: true }],
    ['a pod', { env: { KUBERNETES_SERVICE_HOST: '10.0.0.1' } }, { container: true }],
    [
      'a container by its cgroup',
      { files: { '/proc/self/cgroup': '12:pids:/docker/3601745b3bd54d9780436faa5f0e4f72' } },
      { container: true },
    ],
    [
      'a pod by its cgroup',
      { files: { '/proc/1/cgroup': '1:name=systemd:/kubepods/besteffort/pod1' } },
      { container: true },
    ],
    [
      'the cgroup of a user’s session',
      { files: { '/proc/self/cgroup': '0::/user.slice/user-1000.slice' } },
      {},
    ],
    ['a file of Docker on a Mac', { platform: 'darwin', files: { '/.dockerenv': '' } }, { display: true }],
    ['GitHub Codespaces', { env: { CODESPACES: 'true' } }, { codespace: true }],
    ['GitHub Actions', { env: { CI: 'true', GITHUB_ACTIONS: 'true' } }, { ci: true }],
    ['Jenkins', { env: { JENKINS_URL: 'https://ci.example' } }, { ci: true }],
    ['CI that is switched off', { env: { CI: 'false' } }, {}],
  ])('of %s', (_, machine, expected) => {
    expect(on(machine)).toEqual({ ...NOWHERE, ...expected });
  });

  it.each<[string, Record<string, string>, DesktopEnvironment['ssh']]>([
    [
      'over ssh',
      { SSH_CONNECTION: '192.0.2.1 50000 192.0.2.7 22', USER: 'bob' },
      { user: 'bob', host: '192.0.2.7', port: 22 },
    ],
    [
      'over ssh with another port and IPv6',
      { SSH_CONNECTION: '2001:db8::1 50000 2001:db8::7 2222', LOGNAME: 'bob' },
      { user: 'bob', host: '2001:db8::7', port: 2222 },
    ],
    [
      'over ssh in a bare environment',
      { SSH_CONNECTION: '192.0.2.1 50000 192.0.2.7 22' },
      { user: 'alice', host: '192.0.2.7', port: 22 },
    ],
    ['after su', { SSH_TTY: '/dev/pts/0' }, { user: 'alice', host: 'buildbox', port: 22 }],
    [
      'with a variable somebody has meddled with',
      { SSH_CONNECTION: 'a b $(reboot) 99999999', USER: '-oProxyCommand=reboot' },
      { user: 'alice', host: 'buildbox', port: 22 },
    ],
  ])('%s contain user, host and port for the way back over ssh', (_, env, ssh) => {
    expect(on({ env })).toEqual({ ...NOWHERE, ssh });
    expect(on({ env, platform: 'darwin' }).display).toBe(false);
  });

  it('over ssh with X11 forwarding have a display', () => {
    const env = { SSH_CONNECTION: '192.0.2.1 50000 192.0.2.7 22', DISPLAY: 'localhost:10.0' };
    expect(on({ env })).toMatchObject({ display: true, ssh: { host: '192.0.2.7' } });
  });

  it('of a user without a name are reported without one', () => {
    expect(on({ env: { SSH_TTY: '/dev/pts/0' }, user: null }).ssh).toEqual({
      user: null,
      host: 'buildbox',
      port: 22,
    });
  });

  it('of this machine are read without a failure', () => {
    const { ssh } = desktopEnvironmentOf({ env: { SSH_TTY: '/dev/pts/0' }, platform: process.platform });
    expect(ssh?.host).toMatch(/./);
  });
});

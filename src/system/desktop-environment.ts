import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { isIP } from 'node:net';
import { hostname, userInfo } from 'node:os';
import { orElse } from '../domain/errors.js';
import type { Host } from './contract.js';

/** What decides how a browser can return to this program. */
export interface DesktopEnvironment {
  /** Null without ssh. */
  readonly ssh: SshConnection | null;
  readonly wsl: boolean;
  readonly container: boolean;
  /** A cloud development environment that forwards ports to the user's computer (GitHub Codespaces, Gitpod). */
  readonly codespace: boolean;
  /** A build machine without a user. */
  readonly ci: boolean;
  /** The user can see a browser that is opened here. */
  readonly display: boolean;
}

/** How the user reached this machine, for the command of a tunnel. */
export interface SshConnection {
  /** Null when unknown. */
  readonly user: string | null;
  /** The address of the connection, else this machine's name. */
  readonly host: string;
  readonly port: number;
}

/** Inputs of the detection; they never throw. */
export interface EnvironmentProbes {
  readonly env: Host['env'];
  readonly platform: NodeJS.Platform;
  readonly exists: (path: string) => boolean;
  /** The start of a small file; empty when it cannot be read. */
  readonly read: (path: string) => string;
  readonly user: () => string | null;
  readonly hostname: () => string;
}

const SSH_PORT = 22;
const BEGINNING = 4_096;
/** Container runtimes in a cgroup path (version 1; version 2 shows none). */
const CONTAINER_GROUP = /\b(?:docker|containerd|kubepods|lxc|libpod|podman|buildkit)\b/;
/** Set by the build service: https://docs.gitlab.com/ci/variables, Jenkins, Azure Pipelines, TeamCity. */
const CI = ['CI', 'GITHUB_ACTIONS', 'JENKINS_URL', 'TF_BUILD', 'TEAMCITY_VERSION'];

/** Reads no secret and starts no program. */
export function detectEnvironment(marks: EnvironmentProbes): DesktopEnvironment {
  const { env, platform } = marks;
  const isSet = (name: string) => Boolean(env[name]) && env[name] !== 'false';
  const ssh = sshConnection(marks);
  const linux = platform === 'linux';
  const named = linux && Boolean(env['WSL_DISTRO_NAME'] || env['WSL_INTEROP']);
  const container = linux && !named && inContainer(marks);
  // A container may run on the kernel of WSL, but never has these variables.
  const wsl = named || (linux && !container && onWslKernel(marks));
  const desktop = isSet('DISPLAY') || isSet('WAYLAND_DISPLAY');
  return {
    ssh,
    wsl,
    container,
    codespace: isSet('CODESPACES') || isSet('GITPOD_WORKSPACE_ID'),
    ci: CI.some(isSet),
    display: desktop || (ssh === null && (platform === 'darwin' || platform === 'win32' || wsl)),
  };
}

export function desktopEnvironmentOf(host: Pick<Host, 'env' | 'platform'>): DesktopEnvironment {
  return detectEnvironment({ env: host.env, platform: host.platform, exists, read, user, hostname });
}

/** `SSH_CONNECTION` is "client port server port" (sshd(8)); after `su` only `SSH_TTY` is left. */
function sshConnection({ env, user, hostname }: EnvironmentProbes): SshConnection | null {
  const [, , server = '', port = ''] = env['SSH_CONNECTION']?.trim().split(/\s+/) ?? [];
  if (!env['SSH_CONNECTION']?.trim() && !env['SSH_TTY']) return null;
  return {
    user: plainName(env['USER']) ?? plainName(env['LOGNAME']) ?? plainName(user() ?? undefined),
    host: isIP(server) === 0 ? hostname() : server,
    port: /^\d{1,5}$/.test(port) && Number(port) > 0 ? Number(port) : SSH_PORT,
  };
}

/** A name that needs no quoting in a command. */
function plainName(name: string | undefined): string | null {
  return name !== undefined && /^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$/.test(name) ? name : null;
}

function onWslKernel({ read }: EnvironmentProbes): boolean {
  return ['/proc/sys/kernel/osrelease', '/proc/version'].some((path) => /microsoft|\bwsl/i.test(read(path)));
}

function inContainer({ env, exists, read }: EnvironmentProbes): boolean {
  // systemd-nspawn, LXC and Podman: https://systemd.io/CONTAINER_INTERFACE.
  if (env['container'] || env['KUBERNETES_SERVICE_HOST']) return true;
  if (exists('/.dockerenv') || exists('/run/.containerenv')) return true;
  return ['/proc/self/cgroup', '/proc/1/cgroup'].some((path) => CONTAINER_GROUP.test(read(path)));
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

function read(path: string): string {
  return orElse(() => {
    const file = openSync(path, 'r');
    try {
      const buffer = Buffer.alloc(BEGINNING);
      return buffer.toString('utf8', 0, readSync(file, buffer));
    } finally {
      closeSync(file);
    }
  }, '');
}

/** Null for a user without an entry in the user list, as in many containers. */
function user(): string | null {
  return orElse(() => userInfo().username, null);
}

import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { isIP } from 'node:net';
import { hostname, userInfo } from 'node:os';
import type { Host } from './contract.js';

/** Where this program runs, as far as it decides how a browser can come back to it. */
export interface DesktopEnvironment {
  /** Null where nobody came over ssh. */
  readonly ssh: SshConnection | null;
  readonly wsl: boolean;
  readonly container: boolean;
  /** A development environment in the cloud that brings ports to the person's own computer (GitHub Codespaces, Gitpod). */
  readonly codespace: boolean;
  /** A machine that builds and tests, where nobody sits. */
  readonly ci: boolean;
  /** A browser that is opened here can be seen. */
  readonly display: boolean;
}

/** How the person reached this machine, so that the way back can be named. */
export interface SshConnection {
  /** Null where it is not known. */
  readonly user: string | null;
  /** The address they connected to, else this machine's name. */
  readonly host: string;
  readonly port: number;
}

/** What is looked at; each answers for things that are not there, and never throws. */
export interface EnvironmentProbes {
  readonly env: Host['env'];
  readonly platform: NodeJS.Platform;
  readonly exists: (path: string) => boolean;
  /** The beginning of a small file; empty when it cannot be read. */
  readonly read: (path: string) => string;
  readonly user: () => string | null;
  readonly hostname: () => string;
}

const SSH_PORT = 22;
const BEGINNING = 4_096;
/** Docker, containerd, Kubernetes, LXC, Podman, as they stand in a cgroup path (version 1; version 2 shows none). */
const CONTAINER_GROUP = /\b(?:docker|containerd|kubepods|lxc|libpod|podman|buildkit)\b/;
/** Each is set by the builder itself: https://docs.gitlab.com/ci/variables, Jenkins, Azure Pipelines, TeamCity. */
const CI = ['CI', 'GITHUB_ACTIONS', 'JENKINS_URL', 'TF_BUILD', 'TEAMCITY_VERSION'];

/** Recognises the surroundings by the marks they leave. Reads no secret, starts nothing. */
export function detectEnvironment(marks: EnvironmentProbes): DesktopEnvironment {
  const { env, platform } = marks;
  const isSet = (name: string) => Boolean(env[name]) && env[name] !== 'false';
  const ssh = sshWay(marks);
  const linux = platform === 'linux';
  const named = linux && Boolean(env['WSL_DISTRO_NAME'] || env['WSL_INTEROP']);
  const container = linux && !named && inContainer(marks);
  // A container has the kernel of its host, which may be that of WSL, but never those variables.
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

/** @param host only its environment and platform are looked at */
export function desktopEnvironmentOf(host: Pick<Host, 'env' | 'platform'>): DesktopEnvironment {
  return detectEnvironment({ env: host.env, platform: host.platform, exists, read, user, hostname });
}

/** `SSH_CONNECTION` is "client port server port" (sshd(8)); `SSH_TTY` alone is what is left of it after a `su`. */
function sshWay({ env, user, hostname }: EnvironmentProbes): SshConnection | null {
  const [, , server = '', port = ''] = env['SSH_CONNECTION']?.trim().split(/\s+/) ?? [];
  if (!env['SSH_CONNECTION']?.trim() && !env['SSH_TTY']) return null;
  return {
    user: plainName(env['USER']) ?? plainName(env['LOGNAME']) ?? plainName(user() ?? undefined),
    host: isIP(server) === 0 ? hostname() : server,
    port: /^\d{1,5}$/.test(port) && Number(port) > 0 ? Number(port) : SSH_PORT,
  };
}

/** A name that can stand in a command as it is. */
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
  try {
    const file = openSync(path, 'r');
    try {
      const buffer = Buffer.alloc(BEGINNING);
      return buffer.toString('utf8', 0, readSync(file, buffer));
    } finally {
      closeSync(file);
    }
  } catch {
    return '';
  }
}

/** A user id without an entry in the password database has no name, as in many containers. */
function user(): string | null {
  try {
    return userInfo().username;
  } catch {
    return null;
  }
}

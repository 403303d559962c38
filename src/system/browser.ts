import { type ChildProcess, spawn } from 'node:child_process';
import { parseEndpoint } from '../domain/endpoint.js';
import { codeOf } from '../domain/errors.js';
import type { Browser, Host } from './contract.js';
import type { DesktopEnvironment } from './desktop-environment.js';
import { withAbsolutePath } from './processes/child.js';

/** A launcher that fails does so at once; one that still runs by then is, or became, the browser. Milliseconds. */
const LAUNCH_GRACE_MS = 700;

/** All that a browser needs to find its display, its session and its profile; none of it is a secret of ours. */
const PASSED_ON =
  /^(?:PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_.*|TMPDIR|DISPLAY|WAYLAND_DISPLAY|XAUTHORITY|XDG_.*|DBUS_SESSION_BUS_ADDRESS|DESKTOP_SESSION|KDE_FULL_SESSION|KDE_SESSION_VERSION|GNOME_DESKTOP_SESSION_ID|WSL_DISTRO_NAME|WSL_INTEROP|SystemRoot|SystemDrive|windir|ComSpec|PATHEXT|TEMP|TMP|USERPROFILE|APPDATA|LOCALAPPDATA|HOMEDRIVE|HOMEPATH|ProgramFiles.*|ProgramData)$/i;

/** How an attempt to start a program ended; only a program that is not there leads on to another way. */
type Start = 'runs' | 'failed' | 'missing';

type BrowserHost = Pick<Host, 'env' | 'platform'>;

/**
 * Opens pages in the user's browser: in the one `$BROWSER` names, else in the system's. Nothing goes through a
 * shell, the browser outlives this program and never holds it up, and only https and loopback addresses are opened.
 *
 * Programs started here get a short environment without secrets. `open` cannot be given one; it is used where the
 * way to the browser is not a program of ours to start (macOS, Windows, WSL) and where `xdg-open` is missing.
 */
export function createBrowser(
  host: BrowserHost,
  { display, wsl }: Pick<DesktopEnvironment, 'display' | 'wsl'>,
): Browser {
  return {
    async open(address) {
      const url = parseEndpoint(address)?.href;
      if (url === undefined) return false;
      if (host.env['BROWSER'] !== undefined) return openByVariable(url, host.env['BROWSER'], host);
      // Over ssh a browser would open on the screen of the wrong machine; X11 forwarding brings a display.
      if (!display) return false;
      if (host.platform === 'darwin' || host.platform === 'win32') return openBySystem(url, host);
      // In WSL the browser of Windows is meant: by wslu's launcher where it is installed, else by PowerShell.
      const started = await start([wsl ? 'wslview' : 'xdg-open', url], host.env);
      return started === 'runs' || (started === 'missing' || wsl ? openBySystem(url, host) : false);
    },
  };
}

async function openByVariable(url: string, variable: string, host: BrowserHost): Promise<boolean> {
  for (const command of browserCommands(variable, url, host.platform)) {
    if ((await start(command, host.env)) === 'runs') return true;
  }
  return false;
}

async function openBySystem(url: string, { env, platform }: BrowserHost): Promise<boolean> {
  // What it starts looks for programs along our own PATH, which may lead into the current directory. Windows uses none.
  if (platform !== 'win32' && env['PATH'] !== withAbsolutePath(env)['PATH']) return false;
  try {
    const { default: open } = await import('open');
    return (await settled(await open(url))) === 'runs';
  } catch {
    return false;
  }
}

async function start(command: readonly string[], env: Host['env']): Promise<Start> {
  const [program, ...args] = command;
  if (program === undefined) return 'missing';
  try {
    // Neither looked for nor running in the current directory, whose files are nobody's word on anything.
    const own = { env: withAbsolutePath(passedOn(env)), cwd: '/' };
    return await settled(spawn(program, args, { ...own, detached: true, stdio: 'ignore' }));
  } catch {
    return 'failed';
  }
}

function passedOn(env: Host['env']): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => PASSED_ON.test(name)));
}

/** Watches a started program for a moment, and then lets go of it. */
function settled(child: ChildProcess): Promise<Start> {
  child.unref();
  if (child.exitCode !== null) return Promise.resolve(child.exitCode === 0 ? 'runs' : 'failed');
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve('runs'), LAUNCH_GRACE_MS);
    const end = (outcome: Start) => {
      clearTimeout(timer);
      resolve(outcome);
    };
    child.once('error', (failure) => end(codeOf(failure) === 'ENOENT' ? 'missing' : 'failed'));
    child.once('exit', (code) => end(code === 0 ? 'runs' : 'failed'));
  });
}

/**
 * Reads `$BROWSER` as other programs do: commands to try in turn, separated by `:` (`;` on Windows), each with
 * arguments, `%s` standing for the address, which is otherwise put at the end. `none` and an empty text mean that
 * no browser is to be opened.
 *
 * @returns one argument vector for each command; the address is always a part of one argument and never read again
 */
export function browserCommands(
  variable: string,
  url: string,
  platform: NodeJS.Platform,
): readonly (readonly string[])[] {
  if (variable.trim().toLowerCase() === 'none') return [];
  return variable
    .split(platform === 'win32' ? ';' : ':')
    .map((entry) => words(entry))
    .filter((command) => command.length > 0)
    .map((command) => withAddress(command, url));
}

/** Splits at spaces; quotes keep them. A last `&` asks a shell for the background, where a browser runs anyway. */
function words(entry: string): string[] {
  const found = entry.replace(/&\s*$/, '').match(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g) ?? [];
  return found.map((word) => word.replace(/"([^"]*)"|'([^']*)'/g, '$1$2'));
}

function withAddress(command: readonly string[], url: string): readonly string[] {
  const filled = command.map((word) => word.replaceAll('%s', () => url));
  return command.some((word) => word.includes('%s')) ? filled : [...command, url];
}

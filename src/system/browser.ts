import { type ChildProcess, spawn } from 'node:child_process';
import { parseEndpoint } from '../domain/endpoint.js';
import { codeOf } from '../domain/errors.js';
import type { Browser, Host } from './contract.js';
import type { DesktopEnvironment } from './desktop-environment.js';
import { withAbsolutePath } from './processes/child.js';
import { commandWords } from './processes/command-words.js';

/** A launcher that fails does so at once; after this time, in milliseconds, it counts as started. */
const LAUNCH_GRACE_MS = 700;

/** What a browser needs to find its display, session and profile; no secret of ours. */
const PASSED_ON =
  /^(?:PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_.*|TMPDIR|DISPLAY|WAYLAND_DISPLAY|XAUTHORITY|XDG_.*|DBUS_SESSION_BUS_ADDRESS|DESKTOP_SESSION|KDE_FULL_SESSION|KDE_SESSION_VERSION|GNOME_DESKTOP_SESSION_ID|WSL_DISTRO_NAME|WSL_INTEROP|SystemRoot|SystemDrive|windir|ComSpec|PATHEXT|TEMP|TMP|USERPROFILE|APPDATA|LOCALAPPDATA|HOMEDRIVE|HOMEPATH|ProgramFiles.*|ProgramData)$/i;

type Start = 'runs' | 'failed' | 'missing';

type BrowserHost = Pick<Host, 'env' | 'platform'>;

/**
 * Opens pages in the browser of `$BROWSER`, else in the system's. No shell is involved, the browser outlives this
 * program, and only https and loopback addresses are opened.
 *
 * Programs started here get a short environment without secrets. The package `open` cannot do that; it is used only on
 * macOS, Windows and WSL, and where `xdg-open` is missing.
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
      // Over ssh a browser would open on the wrong machine's screen; X11 forwarding sets a display.
      if (!display) return false;
      if (host.platform === 'darwin' || host.platform === 'win32') return openBySystem(url, host);
      // WSL opens the browser of Windows: with wslu's launcher if installed, else with PowerShell.
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
  // What it starts searches our own PATH, which may include the current directory. Windows does not use it.
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
    // Neither found nor run in the current directory, whose files are not trusted.
    const own = { env: withAbsolutePath(passedOn(env)), cwd: '/' };
    return await settled(spawn(program, args, { ...own, detached: true, stdio: 'ignore' }));
  } catch {
    return 'failed';
  }
}

function passedOn(env: Host['env']): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => PASSED_ON.test(name)));
}

/** Waits a moment for a failure, and lets the program run on. */
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
 * Parses `$BROWSER`: commands to try in turn, separated by `:` (`;` on Windows), where `%s` stands for the address, which
 * else is appended. `none` and an empty value mean no browser.
 *
 * @returns one argument vector for each command; the address is always part of one argument
 */
export function browserCommands(
  variable: string,
  url: string,
  platform: NodeJS.Platform,
): readonly (readonly string[])[] {
  if (variable.trim().toLowerCase() === 'none') return [];
  return (
    variable
      .split(platform === 'win32' ? ';' : ':')
      // A final `&` means the background, where the browser runs anyway.
      .map((entry) => commandWords(entry.replace(/&\s*$/, '')))
      .filter((command) => command.length > 0)
      .map((command) => withAddress(command, url))
  );
}

function withAddress(command: readonly string[], url: string): readonly string[] {
  const filled = command.map((word) => word.replaceAll('%s', () => url));
  return command.some((word) => word.includes('%s')) ? filled : [...command, url];
}

import { createRequire } from 'node:module';
import { SECOND } from '../domain/duration.js';
import { formatDuration } from '../domain/duration-text.js';
import { command } from '../domain/hints.js';
import type { LoginEvent, LoginRequest, LoginTalk } from '../services/login/login-request.js';
import type { SshConnection } from '../system/desktop-environment.js';
import type { Io, Theme } from '../ui/io.js';
import { type LiveLine, liveLine } from '../ui/progress.js';

/** What is printed during a login. `end` removes the live line, however the login ended. */
export function loginTalk(
  request: LoginRequest,
  io: Io,
): { readonly talk: LoginTalk; readonly end: () => void } {
  const { pasteOnly, device } = request;
  // Unless it is a terminal, stdin belongs to the caller; --paste assigns it to this command.
  const canPaste = !device && (io.interactive || pasteOnly);
  const live = liveLine(io);
  return {
    talk: {
      on(event) {
        sayEvent(event, { pasteOnly, canPaste }, io, live);
        if (event.kind === 'authorize') io.say(untilWhen(request.timeout), 'dim');
      },
      pasted: canPaste ? (signal) => io.lines(signal) : null,
    },
    end: () => live.stop(),
  };
}

function untilWhen(timeout: number): string {
  return `the wait ends after ${formatDuration(timeout)} (--timeout changes that), or when you press Ctrl-C`;
}

function sayEvent(event: LoginEvent, paths: AnswerPaths, io: Io, live: LiveLine): void {
  switch (event.kind) {
    case 'found':
      for (const line of discovery(event)) io.say(line);
      return;
    case 'authorize':
      for (const line of instructions(event, paths)) say(line, io);
      if (event.opened) io.detail(event.url);
      return;
    case 'wrong_paste':
      io.warn(`the pasted text does not complete the login: ${event.reason}`, 'yellow');
      return;
    case 'code_received':
      io.say('the browser returned with a code; requesting the tokens', 'dim');
      return;
    case 'account_held':
      io.warn(
        `the login is complete, but another process is using the account; waiting to store the tokens. If you press Ctrl-C, they are kept encrypted beside the vault and stored by the next ${command('refresh --all')}`,
      );
      return;
    case 'device_code':
      sayCode(event, io);
      io.say(
        `waiting until you allow the login; the code is valid for ${left(event.endsAt, io)}, and Ctrl-C stops`,
        'dim',
      );
      return;
    case 'device_wait':
      live.show(
        event.state === 'pending'
          ? `waiting; ${left(event.endsAt, io)} left`
          : `no clear answer from the provider; retrying, ${left(event.endsAt, io)} left`,
      );
      return;
  }
}

/** Before the browser opens: which server will ask for a password, and for what. */
function discovery(event: Extract<LoginEvent, { readonly kind: 'found' }>): readonly string[] {
  const { resource, issuer, provider, added } = event;
  return [
    resource === null
      ? `logging in at ${issuer}`
      : `logging in at ${issuer}, which issues the tokens for ${resource}`,
    ...(added === null ? [] : [`added the provider ${provider} to ${added}`]),
  ];
}

function say({ text, style, address }: Line, io: Io): void {
  if (address === true) io.warn(text, style);
  else io.say(text, style);
}

/** URL and code are always printed as text too: not everyone has a camera (RFC 8628 §3.3.1). */
function sayCode(event: Extract<LoginEvent, { readonly kind: 'device_code' }>, io: Io): void {
  const { userCode, verificationUri, verificationUriComplete } = event;
  const picture = io.canvas === null ? null : qrCode(verificationUriComplete ?? verificationUri, io.canvas);
  if (picture !== null) for (const row of picture) io.say(row, 'lightOnDark');
  io.say(`open this URL in a browser on any device${picture === null ? '' : ', or scan the QR code'}:`);
  io.warn(verificationUri);
  io.say('and type this code:');
  io.warn(userCode, 'bold');
  if (verificationUriComplete !== null) {
    io.say('or open this URL and check that it shows the same code:');
    io.say(verificationUriComplete);
  }
}

function left(endsAt: number, io: Io): string {
  // Rounded up: a code requested a moment ago is valid for ten minutes, not for nine.
  return formatDuration(Math.ceil((endsAt - io.now()) / SECOND) * SECOND);
}

type Authorize = Extract<LoginEvent, { readonly kind: 'authorize' }>;

/** One printed line. The URL itself is printed with `--quiet` too. */
export interface Line {
  readonly text: string;
  readonly style?: keyof Theme;
  readonly address?: true;
}

export interface AnswerPaths {
  /** There is no listener, so the URL has to be pasted. */
  readonly pasteOnly: boolean;
  /** Stdin is read for a pasted URL. */
  readonly canPaste: boolean;
}

/** What the user has to do, given where this program runs. */
export function instructions(event: Authorize, paths: AnswerPaths): readonly Line[] {
  const { opened, url, instead, surroundings } = event;
  if (opened) return [{ text: wasOpened(surroundings.wsl) }, waiting(event, paths)];
  return [
    ...openLines(event, paths),
    { text: url, address: true },
    waiting(event, paths),
    ...(instead === null ? [] : [shorter(instead)]),
  ];
}

function wasOpened(wsl: boolean): string {
  const where = wsl ? 'opened the browser of Windows' : 'opened a browser';
  return `${where}; log in there (if no page appears, run this again with --no-browser)`;
}

function openLines({ listening, surroundings }: Authorize, { canPaste }: AnswerPaths): readonly Line[] {
  const plain = [{ text: 'open this URL in a browser and log in:' }];
  if (listening === null) return plain;
  const { ssh, wsl, container, codespace, ci } = surroundings;
  if (ssh !== null) {
    return [
      { text: 'this is an ssh session; on your own computer, in another terminal, run' },
      { text: `  ${tunnel(listening, ssh)}`, style: 'bold' },
      { text: 'and open this URL there:' },
    ];
  }
  if (ci && !canPaste) {
    return [
      {
        text: 'this looks like a CI job, where no one can log in: log in on your own machine',
        style: 'yellow',
      },
      ...plain,
    ];
  }
  if (codespace) return [{ text: 'open this URL in the browser that shows this workspace:' }];
  if (container) {
    const remedy = canPaste
      ? []
      : [{ text: 'to paste the last URL back, start the container with a terminal: docker run -it …' }];
    return [
      {
        text: `this is a container: a browser outside cannot reach ${listening.host}:${listening.port} inside it, even if the port is published`,
      },
      ...remedy,
      ...plain,
    ];
  }
  return wsl ? [{ text: 'open this URL in the browser of Windows and log in:' }] : plain;
}

/** For `localhost` ssh listens on both address families, because a browser may use either. */
function tunnel({ host, port }: NonNullable<Authorize['listening']>, ssh: SshConnection): string {
  const from = host === 'localhost' ? `localhost:${port}` : String(port);
  const target = ssh.user === null ? ssh.host : `${ssh.user}@${ssh.host}`;
  const sshPort = ssh.port === 22 ? '' : `-p ${ssh.port} `;
  return `ssh -N -L ${from}:127.0.0.1:${port} ${sshPort}${target}`;
}

function waiting({ redirectUri, opened, listening, surroundings }: Authorize, paths: AnswerPaths): Line {
  const { pasteOnly, canPaste } = paths;
  const { ssh, wsl, container, codespace } = surroundings;
  if (pasteOnly || listening === null) {
    const text = `then paste the URL of the last page here (${redirectUri}…), even if that page fails to load`;
    return { text, style: 'dim' };
  }
  if (!opened && container && ssh === null && canPaste) {
    return { text: 'its last page will not load: paste the URL of that page here', style: 'dim' };
  }
  const wait = `waiting for the browser at ${redirectUri}`;
  if (!canPaste) return { text: wait, style: 'dim' };
  const paste =
    wsl || codespace || (ssh !== null && !opened)
      ? 'if its last page does not load, paste its URL here'
      : 'if you log in on another machine, paste the URL of the last page here';
  return { text: `${wait}; ${paste}`, style: 'dim' };
}

function shorter(retry: string): Line {
  return { text: `or press Ctrl-C and log in with a short code on any device: ${retry}`, style: 'dim' };
}

/** Two modules on each side; four are the rule (ISO/IEC 18004), but two are enough for cameras. */
const BORDER = 2;
/** More would need a larger picture than any terminal shows, so it is not even tried. */
const LONGEST_TEXT = 512;

/**
 * Draws a QR code with half blocks, two rows of modules in one line, as light on dark.
 *
 * Loads uqr; it is required and not imported because printing does not wait.
 *
 * @param columns how wide the picture may be
 * @returns null when it would be wider
 */
export function qrCode(text: string, columns: number): readonly string[] | null {
  if (text.length > LONGEST_TEXT) return null;
  const { renderUnicodeCompact } = createRequire(import.meta.url)('uqr') as typeof import('uqr');
  const lines = renderUnicodeCompact(text, { border: BORDER, ecc: 'L' }).split('\n');
  return (lines[0]?.length ?? 0) <= columns ? lines : null;
}

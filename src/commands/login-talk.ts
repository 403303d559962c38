import { formatDuration, SECOND } from '../domain/duration.js';
import type { LoginEvent, LoginRequest, LoginTalk } from '../services/contract.js';
import type { SshConnection } from '../system/desktop-environment.js';
import type { Io, LiveLine, Theme } from '../ui/io.js';
import { qrCode } from '../ui/qr.js';

/** What the person is told while a login goes on. `end` leaves the terminal as it was, however the login ended. */
export interface Conversation {
  readonly talk: LoginTalk;
  end(): void;
}

export function converse(request: LoginRequest, io: Io): Conversation {
  const { pasteOnly, device } = request;
  // Where nobody sits, stdin belongs to someone else; with --paste it was promised to this command.
  const canPaste = !device && (io.interactive || pasteOnly);
  const live = io.live();
  return {
    talk: {
      on: (event) => sayEvent(event, { pasteOnly, canPaste }, io, live),
      pasted: canPaste ? (signal) => io.lines(signal) : null,
    },
    end: () => live.stop(),
  };
}

function sayEvent(event: LoginEvent, ways: Ways, io: Io, live: LiveLine): void {
  switch (event.kind) {
    case 'authorize':
      for (const line of recipe(event, ways)) say(line, io);
      if (event.opened) io.detail(event.url);
      return;
    case 'wrong_paste':
      io.warn(`that does not finish the login: ${event.reason}`, 'yellow');
      return;
    case 'code_received':
      io.say('the browser came back; asking for the tokens', 'dim');
      return;
    case 'account_held':
      io.warn(
        'the login is complete; another process holds the account, and its tokens are stored as soon as that ends. Ctrl-C keeps them sealed beside the vault until the next vault refresh --all or vault login',
      );
      return;
    case 'device_code':
      sayCode(event, io);
      io.say(`waiting for you to allow it there; the code is good for ${left(event.endsAt, io)}`, 'dim');
      return;
    case 'device_wait':
      live.show(
        event.standing === 'pending'
          ? `not finished yet; ${left(event.endsAt, io)} left`
          : `the provider gives no clear answer; asking again, ${left(event.endsAt, io)} left`,
      );
      return;
  }
}

function say({ text, style, address }: Line, io: Io): void {
  if (address === true) io.warn(text, style);
  else io.say(text, style);
}

/** Address and code are always there as text, for a picture helps only those who have a camera (RFC 8628 §3.3.1). */
function sayCode(event: Extract<LoginEvent, { readonly kind: 'device_code' }>, io: Io): void {
  const { userCode, verificationUri, verificationUriComplete } = event;
  const picture = io.canvas === null ? null : qrCode(verificationUriComplete ?? verificationUri, io.canvas);
  if (picture !== null) for (const row of picture) io.say(row, 'lightOnDark');
  io.say(`open this address in a browser on any device${picture === null ? '' : ', or scan the picture'}:`);
  io.warn(verificationUri);
  io.say('and type this code:');
  io.warn(userCode, 'bold');
  if (verificationUriComplete !== null) {
    io.say('or open this one, and see that it shows the same code:');
    io.say(verificationUriComplete);
  }
}

function left(endsAt: number, io: Io): string {
  // What was asked for a moment ago is good for ten minutes, not for nine.
  return formatDuration(Math.ceil((endsAt - io.now()) / SECOND) * SECOND);
}

type Authorize = Extract<LoginEvent, { readonly kind: 'authorize' }>;

/** One line for a person. The address itself is said even where they want to hear nothing else. */
export interface Line {
  readonly text: string;
  readonly style?: keyof Theme;
  readonly address?: true;
}

export interface Ways {
  /** Nothing listens: the address will be pasted. */
  readonly pasteOnly: boolean;
  /** Somebody can paste. */
  readonly canPaste: boolean;
}

/** What a person has to do now, where this program runs: no more than applies. */
export function recipe(event: Authorize, ways: Ways): readonly Line[] {
  const { opened, url, instead, surroundings } = event;
  if (opened) return [{ text: wasOpened(surroundings.wsl) }, waiting(event, ways)];
  return [
    ...wayBack(event, ways),
    { text: url, address: true },
    waiting(event, ways),
    ...(instead === null ? [] : [shorter(instead)]),
  ];
}

function wasOpened(wsl: boolean): string {
  const where = wsl ? 'the browser of Windows was opened' : 'a browser was opened';
  return `${where}; log in there (no page? run this again with --no-browser)`;
}

function wayBack({ listening, surroundings }: Authorize, { canPaste }: Ways): readonly Line[] {
  const plain = [{ text: 'open this address in a browser and log in:' }];
  if (listening === null) return plain;
  const { ssh, wsl, container, codespace, ci } = surroundings;
  if (ssh !== null) {
    return [
      { text: 'you are here over ssh; on your own computer, in another terminal, run' },
      { text: `  ${tunnel(listening, ssh)}`, style: 'bold' },
      { text: 'and open this address there:' },
    ];
  }
  if (ci && !canPaste) {
    return [
      {
        text: 'this looks like a CI job, where nobody can log in: do it on a machine of your own',
        style: 'yellow',
      },
      ...plain,
    ];
  }
  if (codespace) return [{ text: 'open this address in the browser in which you have this workspace:' }];
  if (container) {
    const remedy = canPaste
      ? []
      : [{ text: 'to paste its last address back, start the container with a terminal: docker run -it …' }];
    return [
      {
        text: `this is a container: a browser outside cannot reach ${listening.host}:${listening.port} in here, even if the port is published`,
      },
      ...remedy,
      ...plain,
    ];
  }
  return wsl ? [{ text: 'open this address in the browser of Windows and log in:' }] : plain;
}

/** `localhost` is listened on in both families there, because a browser may take either. */
function tunnel({ host, port }: NonNullable<Authorize['listening']>, way: SshConnection): string {
  const from = host === 'localhost' ? `localhost:${port}` : String(port);
  const target = way.user === null ? way.host : `${way.user}@${way.host}`;
  const sshPort = way.port === 22 ? '' : `-p ${way.port} `;
  return `ssh -N -L ${from}:127.0.0.1:${port} ${sshPort}${target}`;
}

function waiting({ redirectUri, opened, listening, surroundings }: Authorize, ways: Ways): Line {
  const { pasteOnly, canPaste } = ways;
  const { ssh, wsl, container, codespace } = surroundings;
  if (pasteOnly || listening === null) {
    const text = `then paste here the address the browser ends up at (${redirectUri}…), even if the page fails`;
    return { text, style: 'dim' };
  }
  if (!opened && container && ssh === null && canPaste) {
    return { text: 'its last page will not load: paste the address of that page here', style: 'dim' };
  }
  const wait = `waiting for the browser to come back to ${redirectUri}`;
  if (!canPaste) return { text: wait, style: 'dim' };
  const paste =
    wsl || codespace || (ssh !== null && !opened)
      ? 'should its last page not load, paste the address of that page here'
      : 'on another machine, paste here the address the browser ends up at';
  return { text: `${wait}; ${paste}`, style: 'dim' };
}

function shorter(command: string): Line {
  return { text: `or stop this, and type a short code on any device instead: ${command}`, style: 'dim' };
}

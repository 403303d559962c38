import type { LoginEvent } from '../services/contract.js';
import type { SshWay } from '../system/surroundings.js';
import type { Theme } from '../ui/io.js';

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
function tunnel({ host, port }: NonNullable<Authorize['listening']>, way: SshWay): string {
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

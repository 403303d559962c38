import { describe, expect, it } from 'vitest';
import { type AnswerPaths, instructions } from '../../src/commands/login-talk.js';
import type { LoginEvent } from '../../src/services/login/login-request.js';
import type { DesktopEnvironment } from '../../src/system/desktop-environment.js';
import { DESKTOP } from '../doubles/surroundings.js';

type Authorize = Extract<LoginEvent, { readonly kind: 'authorize' }>;

const URL_EXAMPLE = 'https://issuer.example/authorize?state=state-example';
const SSH = { user: 'alice', host: '192.0.2.7', port: 22 };

function lines(
  where: Partial<DesktopEnvironment>,
  event: Partial<Authorize> = {},
  paths: Partial<AnswerPaths> = {},
) {
  const whole: Authorize = {
    kind: 'authorize',
    url: URL_EXAMPLE,
    redirectUri: 'http://127.0.0.1:4711/callback',
    opened: false,
    listening: { host: '127.0.0.1', port: 4711 },
    surroundings: { ...DESKTOP, display: false, ...where },
    instead: null,
    ...event,
  };
  return instructions(whole, { pasteOnly: false, canPaste: true, ...paths }).map(({ text }) => text);
}

const LOAD = 'if its last page does not load, paste its URL here';
const WAITING = 'waiting for the browser at http://127.0.0.1:4711/callback';

describe('the instructions', () => {
  it('over ssh show the tunnel to the listener’s port, then the URL', () => {
    expect(lines({ ssh: SSH })).toEqual([
      'this is an ssh session; on your own computer, in another terminal, run',
      '  ssh -N -L 4711:127.0.0.1:4711 alice@192.0.2.7',
      'and open this URL there:',
      URL_EXAMPLE,
      `${WAITING}; ${LOAD}`,
    ]);
  });

  it.each([
    [
      'listens in both families for localhost',
      { host: 'localhost', port: 4711 },
      SSH,
      'localhost:4711:127.0.0.1:4711 alice@192.0.2.7',
    ],
    [
      'goes to the port of the ssh server',
      { host: '127.0.0.1', port: 80 },
      { ...SSH, port: 2222 },
      '80:127.0.0.1:80 -p 2222 alice@192.0.2.7',
    ],
    [
      'does without a name',
      { host: '127.0.0.1', port: 80 },
      { ...SSH, user: null },
      '80:127.0.0.1:80 192.0.2.7',
    ],
  ] as const)('over ssh %s', (_, listening, ssh, rest) => {
    expect(lines({ ssh }, { listening })).toContain(`  ssh -N -L ${rest}`);
  });

  it('over ssh without a terminal do not mention pasting', () => {
    expect(lines({ ssh: SSH }, {}, { canPaste: false }).at(-1)).toBe(WAITING);
  });

  it('name the device login where the provider supports it', () => {
    expect(lines({ ssh: SSH }, { instead: 'vault login demo --device' }).at(-1)).toBe(
      'or press Ctrl-C and log in with a short code on any device: vault login demo --device',
    );
  });

  it('in a container say that publishing the port does not help', () => {
    expect(lines({ container: true })).toEqual([
      'this is a container: a browser outside cannot reach 127.0.0.1:4711 inside it, even if the port is published',
      'open this URL in a browser and log in:',
      URL_EXAMPLE,
      'its last page will not load: paste the URL of that page here',
    ]);
  });

  it('in a container without a terminal say how to get one', () => {
    expect(lines({ container: true }, {}, { canPaste: false })).toContain(
      'to paste the last URL back, start the container with a terminal: docker run -it …',
    );
  });

  it('in a container reached over ssh show the tunnel', () => {
    expect(lines({ container: true, ssh: SSH })).toContain('  ssh -N -L 4711:127.0.0.1:4711 alice@192.0.2.7');
  });

  it('in WSL name the browser of Windows, opened or not', () => {
    expect(lines({ wsl: true })).toEqual([
      'open this URL in the browser of Windows and log in:',
      URL_EXAMPLE,
      `${WAITING}; ${LOAD}`,
    ]);
    expect(lines({ wsl: true }, { opened: true })).toEqual([
      'opened the browser of Windows; log in there (if no page appears, run this again with --no-browser)',
      `${WAITING}; ${LOAD}`,
    ]);
  });

  it('in a cloud workspace name the browser that shows it', () => {
    expect(lines({ codespace: true, container: true })[0]).toBe(
      'open this URL in the browser that shows this workspace:',
    );
  });

  it('in a CI job say to log in elsewhere', () => {
    expect(lines({ ci: true, container: true }, {}, { canPaste: false })[0]).toBe(
      'this looks like a CI job, where no one can log in: log in on your own machine',
    );
    expect(lines({ ci: true })[0]).toBe('open this URL in a browser and log in:');
  });

  it('after a browser was opened say only that', () => {
    expect(lines({ ssh: SSH }, { opened: true, instead: 'vault login demo --device' })).toEqual([
      'opened a browser; log in there (if no page appears, run this again with --no-browser)',
      `${WAITING}; if you log in on another machine, paste the URL of the last page here`,
    ]);
  });

  it('with --paste show no tunnel', () => {
    const said = lines({ ssh: SSH }, { listening: null }, { pasteOnly: true });
    expect(said).toEqual([
      'open this URL in a browser and log in:',
      URL_EXAMPLE,
      'then paste the URL of the last page here (http://127.0.0.1:4711/callback…), even if that page fails to load',
    ]);
  });

  it('have the URL on its own line, also with --quiet', () => {
    const [only, ...others] = instructions(
      {
        kind: 'authorize',
        url: URL_EXAMPLE,
        redirectUri: 'http://127.0.0.1:4711/callback',
        opened: false,
        listening: { host: '127.0.0.1', port: 4711 },
        surroundings: { ...DESKTOP, ssh: SSH },
        instead: 'x',
      },
      { pasteOnly: false, canPaste: true },
    ).filter(({ address }) => address === true);
    expect([only?.text, others]).toEqual([URL_EXAMPLE, []]);
  });
});

import { describe, expect, it } from 'vitest';
import { recipe, type Ways } from '../../src/commands/login-talk.js';
import type { LoginEvent } from '../../src/services/contract.js';
import type { DesktopEnvironment } from '../../src/system/desktop-environment.js';
import { DESKTOP } from '../doubles/surroundings.js';

type Authorize = Extract<LoginEvent, { readonly kind: 'authorize' }>;

const URL_EXAMPLE = 'https://issuer.example/authorize?state=state-example';
const SSH = { user: 'alice', host: '192.0.2.7', port: 22 };

function lines(where: Partial<DesktopEnvironment>, event: Partial<Authorize> = {}, ways: Partial<Ways> = {}) {
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
  return recipe(whole, { pasteOnly: false, canPaste: true, ...ways }).map(({ text }) => text);
}

const LOAD = 'should its last page not load, paste the address of that page here';
const WAITING = 'waiting for the browser to come back to http://127.0.0.1:4711/callback';

describe('what to do now', () => {
  it('over ssh is the tunnel to the port that is listened on, then the address', () => {
    expect(lines({ ssh: SSH })).toEqual([
      'you are here over ssh; on your own computer, in another terminal, run',
      '  ssh -N -L 4711:127.0.0.1:4711 alice@192.0.2.7',
      'and open this address there:',
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

  it('over ssh where nobody can paste asks for no paste', () => {
    expect(lines({ ssh: SSH }, {}, { canPaste: false }).at(-1)).toBe(WAITING);
  });

  it('names the shorter way where the provider has it', () => {
    expect(lines({ ssh: SSH }, { instead: 'vault login demo --device' }).at(-1)).toBe(
      'or stop this, and type a short code on any device instead: vault login demo --device',
    );
  });

  it('in a container says that publishing the port does not help', () => {
    expect(lines({ container: true })).toEqual([
      'this is a container: a browser outside cannot reach 127.0.0.1:4711 in here, even if the port is published',
      'open this address in a browser and log in:',
      URL_EXAMPLE,
      'its last page will not load: paste the address of that page here',
    ]);
  });

  it('in a container without a terminal says how to get one', () => {
    expect(lines({ container: true }, {}, { canPaste: false })).toContain(
      'to paste its last address back, start the container with a terminal: docker run -it …',
    );
  });

  it('in a container reached over ssh is the tunnel', () => {
    expect(lines({ container: true, ssh: SSH })).toContain('  ssh -N -L 4711:127.0.0.1:4711 alice@192.0.2.7');
  });

  it('in WSL is the browser of Windows, opened or not', () => {
    expect(lines({ wsl: true })).toEqual([
      'open this address in the browser of Windows and log in:',
      URL_EXAMPLE,
      `${WAITING}; ${LOAD}`,
    ]);
    expect(lines({ wsl: true }, { opened: true })).toEqual([
      'the browser of Windows was opened; log in there (no page? run this again with --no-browser)',
      `${WAITING}; ${LOAD}`,
    ]);
  });

  it('in a workspace in the cloud is the browser it is in', () => {
    expect(lines({ codespace: true, container: true })[0]).toBe(
      'open this address in the browser in which you have this workspace:',
    );
  });

  it('in a CI job is not to be there', () => {
    expect(lines({ ci: true, container: true }, {}, { canPaste: false })[0]).toBe(
      'this looks like a CI job, where nobody can log in: do it on a machine of your own',
    );
    expect(lines({ ci: true })[0]).toBe('open this address in a browser and log in:');
  });

  it('when a browser was opened is no more than that, wherever it is', () => {
    expect(lines({ ssh: SSH }, { opened: true, instead: 'vault login demo --device' })).toEqual([
      'a browser was opened; log in there (no page? run this again with --no-browser)',
      `${WAITING}; on another machine, paste here the address the browser ends up at`,
    ]);
  });

  it('with --paste needs no tunnel', () => {
    const said = lines({ ssh: SSH }, { listening: null }, { pasteOnly: true });
    expect(said).toEqual([
      'open this address in a browser and log in:',
      URL_EXAMPLE,
      'then paste here the address the browser ends up at (http://127.0.0.1:4711/callback…), even if the page fails',
    ]);
  });

  it('has the address on a line of its own, which is said even to those who want quiet', () => {
    const [only, ...others] = recipe(
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

import { describe, expect, it } from 'vitest';
import { login } from '../../src/commands/login.js';
import { loginTalk } from '../../src/commands/login-talk.js';
import { MINUTE } from '../../src/domain/duration.js';
import type { LoginEvent } from '../../src/services/login/login-request.js';
import { NOW, type TerminalOptions, terminal } from '../doubles/terminal.js';
import { inputOf } from './raw.js';

const CODE: LoginEvent = {
  kind: 'device_code',
  userCode: 'WDJB-MJHT',
  verificationUri: 'https://issuer.example/device',
  verificationUriComplete: null,
  endsAt: NOW + 15 * MINUTE,
};
const COMPLETE = 'https://issuer.example/device?user_code=WDJB-MJHT';
const WAIT: LoginEvent = { kind: 'device_wait', state: 'pending', endsAt: NOW + 14 * MINUTE };
const TERMINAL: TerminalOptions = { tty: true, columns: 80, env: { LANG: 'C.UTF-8', NO_COLOR: '1' } };

/** Everything that is said until the login comes to nothing. */
async function said(options: TerminalOptions, ...events: readonly LoginEvent[]): Promise<string> {
  const { io, written } = terminal(options);
  const { request } = await inputOf(login, 'demo --device');
  const { talk, end } = loginTalk(request, io);
  for (const event of events) talk.on(event);
  end();
  expect(talk.pasted).toBeNull();
  expect(written.stdout).toBe('');
  return written.stderr;
}

describe('vault login --device', () => {
  it('is parsed without browser and port', async () => {
    const { request } = await inputOf(login, 'demo --device --as work --timeout 90s --dry-run');
    expect(request).toMatchObject({
      device: true,
      as: 'work',
      timeout: 90_000,
      pasteOnly: false,
      port: null,
    });
  });

  it.each(['--port 4711', '--no-browser', '--paste'])('cannot be combined with %s', async (other) => {
    const [option] = other.split(' ');
    await expect(inputOf(login, `demo --device ${other}`)).rejects.toMatchObject({
      code: 'usage',
      message: `--device cannot be combined with ${option}: it uses no browser on this machine`,
      hint: `leave out ${option} or --device`,
    });
  });

  it('prints URL and code, each on its own line, and how long the code is valid', async () => {
    expect(await said({}, CODE)).toBe(
      [
        'open this URL in a browser on any device:',
        'https://issuer.example/device',
        'and type this code:',
        'WDJB-MJHT',
        'waiting until you allow the login; the code is valid for 15m, and Ctrl-C stops',
        '',
      ].join('\n'),
    );
  });

  it('does not show a minute too little at the beginning', async () => {
    const soon = { ...CODE, endsAt: NOW + 10 * MINUTE - 200 };
    expect(await said({}, soon)).toContain('the code is valid for 10m,');
  });

  it('prints only URL and code with --quiet', async () => {
    expect(await said({ quiet: true }, CODE, WAIT)).toBe('https://issuer.example/device\nWDJB-MJHT\n');
  });

  it('prints the URL that includes the code where there is one', async () => {
    const text = await said({}, { ...CODE, verificationUriComplete: COMPLETE });
    expect(text.split('\n')).toEqual(
      expect.arrayContaining(['https://issuer.example/device', 'WDJB-MJHT', COMPLETE]),
    );
  });

  it('draws a QR code above the text on a terminal that can show it', async () => {
    const text = await said(TERMINAL, CODE);
    expect(text).toMatch(/^█+\n██ ▄▄▄▄▄ /);
    expect(text).toContain(
      'open this URL in a browser on any device, or scan the QR code:\nhttps://issuer.example/device\n',
    );
    expect(text).toContain('\nWDJB-MJHT\n');
  });

  it.each<[string, TerminalOptions]>([
    ['into a pipe', { env: { LANG: 'C.UTF-8' } }],
    ['on a narrow terminal', { ...TERMINAL, columns: 20 }],
    ['where the locale has no such characters', { ...TERMINAL, env: { LANG: 'C', NO_COLOR: '1' } }],
    ['on a dumb terminal', { ...TERMINAL, env: { LANG: 'C.UTF-8', TERM: 'dumb' } }],
    ['with --quiet', { ...TERMINAL, quiet: true }],
  ])('draws none %s', async (_, options) => {
    const text = await said(options, CODE);
    expect(text).not.toMatch(/[█▀▄]|scan/);
    expect(text).toContain('WDJB-MJHT\n');
  });

  it('draws light on dark in colour, so that the terminal’s own colours do not matter', async () => {
    const text = await said({ ...TERMINAL, env: { LANG: 'C.UTF-8' } }, CODE);
    expect(text).toMatch(/^\x1b\[37m\x1b\[40m█+/);
  });

  it('shows the state on one line of the terminal, and erases it', async () => {
    const text = await said({ ...TERMINAL, columns: 20 }, CODE, WAIT, { ...WAIT, state: 'unclear' });
    expect(text).toContain('\r\x1b[Kwaiting; 14m left\r\x1b[Kno clear answer fr…\r\x1b[K');
    expect(text.endsWith('\r\x1b[K')).toBe(true);
  });

  it('prints no state into a pipe', async () => {
    expect(await said({}, CODE, WAIT, WAIT)).not.toContain('waiting; ');
  });
});

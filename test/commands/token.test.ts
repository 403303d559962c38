import { describe, expect, it } from 'vitest';
import { formatFor, printToken, token } from '../../src/commands/token.js';
import { Secret } from '../../src/domain/secret.js';
import type { ValidToken } from '../../src/domain/valid-token.js';
import type { TokenRequest } from '../../src/services/token/token-request.js';
import { accountExample } from '../doubles/account.js';
import { type TerminalOptions, terminal } from '../doubles/terminal.js';
import { inputOf } from './raw.js';

const DEFAULTS: TokenRequest = {
  selector: null,
  minValid: 300_000,
  scopes: [],
  refresh: false,
  withIdentity: false,
};

describe('vault token', () => {
  it.each([
    ['', DEFAULTS, null],
    ['google', { ...DEFAULTS, selector: 'google' }, null],
    ['--min-valid 90s', { ...DEFAULTS, minValid: 90_000 }, null],
    ['google --refresh --format raw', { ...DEFAULTS, selector: 'google', refresh: true }, 'raw'],
    ['--scope a --scope b,c --scope a', { ...DEFAULTS, scopes: ['a', 'b', 'c'] }, null],
    ['--format xoauth2', { ...DEFAULTS, withIdentity: true }, 'xoauth2'],
    ['--format oauthbearer', { ...DEFAULTS, withIdentity: true }, 'oauthbearer'],
    ['--format header', DEFAULTS, 'header'],
    ['--id-token', { ...DEFAULTS, idToken: true }, null],
    ['--format xoauth2 --user office@example.com', DEFAULTS, 'xoauth2', 'office@example.com'],
  ] as [string, TokenRequest, string | null, (string | null)?][])(
    'understands "%s"',
    async (line, request, format, user = null) => {
      expect(await inputOf(token, line)).toEqual({ request, format, user, refused: null });
    },
  );

  it.each([
    ['--min-valid soon', '--min-valid takes a duration such as 90s, 5m, 12h or 7d'],
    [
      '--format yaml',
      '--format takes one of: raw, header, header-value, json-header, curl, json, xoauth2, oauthbearer',
    ],
    ['--scope =\u0007', '--scope takes a scope as the provider writes it, without special characters'],
    ['--user a@example.com', '--user needs the format xoauth2 or oauthbearer: the others name no mailbox'],
    [
      '--user a@example.com --format header',
      '--user needs the format xoauth2 or oauthbearer: the others name no mailbox',
    ],
    ['--format xoauth2 --user=', '--user is empty'],
    [
      '--format xoauth2 --user a\u0001b',
      'the address of the mailbox contains control characters, which the SASL string must not contain',
    ],
    ['--scope ,', '--scope takes a scope as the provider writes it, without special characters'],
  ])('refuses "%s"', async (line, message) => {
    await expect(inputOf(token, line)).rejects.toMatchObject({ code: 'usage', message });
  });
});

const VALID: ValidToken = {
  account: accountExample({ tokenType: 'bearer' }),
  accessToken: new Secret('access-token-example'),
  email: 'alice@example.com',
  warning: null,
};

async function printed(line: string, given: Partial<ValidToken> = {}, options: TerminalOptions = {}) {
  const { io, written } = terminal(options);
  const { format, user } = await inputOf(token, line);
  await printToken({ ...VALID, ...given }, formatFor(format, io), user, io);
  return written;
}

describe('the output of vault token', () => {
  it.each([
    ['a pipe', {}],
    ['a terminal', { tty: true }],
    ['--verbose', { verbose: true }],
  ])('is the token and one newline with %s', async (_, options) => {
    expect(await printed('google', {}, options)).toEqual({ stdout: 'access-token-example\n', stderr: '' });
  });

  it.each([
    ['bearer', 'Bearer'],
    ['Bearer', 'Bearer'],
    ['Zoho-oauthtoken', 'Zoho-oauthtoken'],
  ])('can be a header; the type %s is written %s', async (tokenType, scheme) => {
    const { stdout } = await printed('--format header', { account: accountExample({ tokenType }) });
    expect(stdout).toBe(`Authorization: ${scheme} access-token-example\n`);
  });

  it.each([
    ['header-value', 'Bearer access-token-example\n'],
    ['json-header', '{"Authorization":"Bearer access-token-example"}\n'],
    ['curl', 'header = "Authorization: Bearer access-token-example"\n'],
  ])('can be the header as %s', async (format, stdout) => {
    expect(await printed(`--format ${format}`)).toEqual({ stdout, stderr: '' });
  });

  it('escapes what JSON and curl would read otherwise', async () => {
    const given = { accessToken: new Secret('a"b\\c') };
    expect((await printed('--format curl', given)).stdout).toBe(
      'header = "Authorization: Bearer a\\"b\\\\c"\n',
    );
    expect(JSON.parse((await printed('--format json-header', given)).stdout)).toEqual({
      Authorization: 'Bearer a"b\\c',
    });
  });

  it.each([
    ['xoauth2', 'user=alice@example.com\u0001auth=Bearer access-token-example\u0001\u0001'],
    ['oauthbearer', 'n,a=alice@example.com,\u0001auth=Bearer access-token-example\u0001\u0001'],
  ])('can be the %s string of a mail client', async (format, response) => {
    const { stdout } = await printed(`--format ${format}`);
    expect(Buffer.from(stdout, 'base64').toString()).toBe(response);
  });

  it('names the mailbox given with --user, also where the account has no address', async () => {
    const { stdout } = await printed('--format oauthbearer --user office@example.com', { email: null });
    expect(Buffer.from(stdout, 'base64').toString()).toContain('n,a=office@example.com,\u0001');
  });

  it.each([
    ['--format json', {}],
    ['', { json: true }],
    ['--format json', { json: true }],
  ])('can be a document, with "%s" and %o', async (line, options) => {
    expect(JSON.parse((await printed(line, {}, options)).stdout)).toEqual({
      account: 'google/alice@example.com',
      access_token: 'access-token-example',
      token_type: 'bearer',
      expires_at: '2026-03-01T12:52:00.000Z',
      scopes: ['openid', 'email'],
    });
  });

  it('names the id_token in a document', async () => {
    const given = { isIdToken: true as const };
    const document = JSON.parse((await printed('--format json', given)).stdout);
    expect(document).toMatchObject({ id_token: 'access-token-example' });
    expect(document).not.toHaveProperty('access_token');
  });

  it('has null for an unknown expiry', async () => {
    const { stdout } = await printed('--format json', { account: accountExample({ expiresAt: null }) });
    expect(JSON.parse(stdout)).toMatchObject({ expires_at: null });
  });

  it('prints a warning on stderr, also with --quiet', async () => {
    const written = await printed('google', { warning: 'Google could not be reached' }, { quiet: true });
    expect(written).toEqual({
      stdout: 'access-token-example\n',
      stderr: 'warning: Google could not be reached\n',
    });
  });
});

describe('vault token prints nothing', () => {
  async function failing(line: string, given: Partial<ValidToken>, options: TerminalOptions = {}) {
    const { io, written } = terminal(options);
    const { format, user } = await inputOf(token, line);
    const failure = await Promise.resolve()
      .then(() => printToken({ ...VALID, ...given }, formatFor(format, io), user, io))
      .catch((error: unknown) => error);
    expect(written.stdout).toBe('');
    return failure;
  }

  it('when a format needs an address that is not known', async () => {
    expect(await failing('--format xoauth2', { email: null })).toMatchObject({ code: 'usage' });
    expect(await failing('--format oauthbearer', { email: null })).toMatchObject({ code: 'usage' });
  });

  it('when --json and --format contradict each other', async () => {
    expect(await failing('--format header', {}, { json: true })).toMatchObject({
      code: 'usage',
      message: '--json and --format header contradict each other',
    });
  });
});

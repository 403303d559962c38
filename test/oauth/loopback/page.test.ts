import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { page } from '../../../src/oauth/loopback/page.js';
import { STATE, stage } from './stage.js';

describe('every answer of the listener', () => {
  it('is not cached, sends no referrer, is not framed and has no active content', async () => {
    const { get, listener } = await stage();
    listener.conclude('logged_in');
    const targets = [
      '/nothing',
      '/callback?state=wrong',
      `/callback?code=c&state=${STATE}`,
      '/done',
      `/callback?code=c&state=${STATE}`,
    ];
    for (const target of targets) {
      const { headers } = await get(target);
      expect(headers).toMatchObject({
        'cache-control': 'no-store',
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        connection: 'close',
      });
      expect(headers['content-security-policy']).toMatch(/^default-src 'none'; .*frame-ancestors 'none'$/);
    }
  });
});

describe('the page', () => {
  it('has a style that its policy allows by hash, and no script', async () => {
    const { get, listener } = await stage();
    await get(`/callback?code=c&state=${STATE}`);
    listener.conclude('logged_in');
    const { body, headers } = await get('/done');
    const style = /<style>(.*)<\/style>/s.exec(body)?.[1] ?? '';
    const hash = createHash('sha256').update(style).digest('base64');
    expect(style).not.toBe('');
    expect(headers['content-security-policy']).toContain(`style-src 'sha256-${hash}'`);
    expect(body).not.toMatch(/<script|javascript:|https?:\/\/|style=/);
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
  });

  it.each([['received'], ['refused'], ['already_done'], ['logged_in'], ['failed'], ['not_part']] as const)(
    'that says %s says what to do next',
    (kind) => {
      expect(page(kind, 'Example')).toMatch(/You can close this tab/);
    },
  );

  it('escapes the title of a provider', () => {
    const shown = page('logged_in', '<b>"A" & B</b>');
    expect(shown).not.toContain('<b>');
    expect(shown).toContain('&#60;b&#62;&#34;A&#34; &#38; B');
  });
});

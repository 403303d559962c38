import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { openChromium, type RealBrowser } from '../harness/browser.js';
import { startVault } from '../harness/cli.js';
import { type DemoStage, openDemoStage } from '../harness/demo-stage.js';
import { missing, needs } from '../harness/parts.js';

let stage: DemoStage;
let browser: RealBrowser;
beforeAll(async () => {
  if (missing('Chromium').length === 0) browser = await openChromium();
});
afterAll(() => browser?.close());
beforeEach(async (context) => {
  needs(context, 'Chromium');
  stage = await openDemoStage();
});
afterEach(async () => {
  await browser.page.context().clearCookies();
  expect(await stage.close()).toEqual([]);
});

/** Starts a login and shows its consent page in the browser. */
async function atConsentPage() {
  const login = startVault(['login', 'demo', '--no-browser'], stage.home);
  const url = await login.stderrLine(/^\s*http:\/\/\S+[?&]state=/);
  await browser.page.goto(url.trim());
  return { login, page: browser.page };
}

describe('a real browser', () => {
  it('completes a login, and the code is removed from its address bar', async () => {
    const { login, page } = await atConsentPage();
    await page.getByLabel('Grace Hopper').check();
    await page.getByRole('button', { name: 'Allow' }).click();
    expect(await login.done).toMatchObject({ exitCode: 0, stdout: 'demo/grace@example.com\n' });
    await page.waitForLoadState();
    expect(new URL(page.url()).hostname).toBe('127.0.0.1');
    expect(page.url()).not.toMatch(/code|state|demo-/);
    const shown = await page.content();
    expect(shown).toMatch(/close/i);
    for (const secret of stage.demo.secrets()) expect(shown).not.toContain(secret);
    expect((await stage.vault(['token', 'demo'])).exitCode).toBe(0);
  });

  it('opened by the command may reload the start page and is recognised by its cookie', async () => {
    const opened = join(stage.home.root, 'opened');
    const login = startVault(['login', 'demo'], stage.home, {
      env: { BROWSER: `sh -c "echo $0 >${opened}" %s` },
    });
    const start = await vi.waitFor(
      () => /^http.*(?=\n)/.exec(readFileSync(opened, 'utf8'))?.[0] ?? expect.fail(),
      { timeout: 20_000 },
    );
    expect(start).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[\w-]{43}$/);
    const { page } = browser;
    for (const _ of ['first', 'reloaded']) {
      await page.goto(start);
      expect(page.url()).toMatch(/[?&]state=/);
    }
    await page.getByRole('button', { name: 'Allow' }).click();
    expect(await login.done).toMatchObject({ exitCode: 0, stdout: 'demo/ada@example.com\n' });
    expect(await page.context().cookies()).toEqual([]);
  });

  it('shows that access was not granted when the user declines, and the command ends', async () => {
    const { login, page } = await atConsentPage();
    await page.getByRole('button', { name: 'Deny' }).click();
    expect(await login.done).toMatchObject({ exitCode: 4, stdout: '' });
    expect(page.url()).not.toMatch(/access_denied/);
    expect((await stage.vault(['list', '--json'])).stdout).toContain('"accounts":');
  });

  it('grants only the ticked scopes, and the command reports the missing ones', async () => {
    const { login, page } = await atConsentPage();
    await page.getByLabel('see your name').uncheck();
    await page.getByRole('button', { name: 'Allow' }).click();
    const run = await login.done;
    expect(run.exitCode).toBe(7);
    expect(run.stderr).toContain('profile');
  });
});

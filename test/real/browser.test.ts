import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openChromium, type RealBrowser } from '../harness/browser.js';
import { startVault } from '../harness/cli.js';
import { type DemoStage, openDemoStage } from '../harness/demo-stage.js';
import { needs } from '../harness/parts.js';

let stage: DemoStage;
let browser: RealBrowser | null = null;
beforeEach(async () => {
  stage = await openDemoStage();
});
afterEach(async () => {
  await browser?.close();
  browser = null;
  expect(await stage.close()).toEqual([]);
});

/** Starts a login and shows its consent page in the browser. */
async function atConsentPage() {
  const login = startVault(['login', 'demo', '--no-browser'], stage.home);
  const url = await login.stderrLine(/^\s*http:\/\/\S+[?&]state=/);
  browser = await openChromium();
  await browser.page.goto(url.trim());
  return { login, page: browser.page };
}

describe('a real browser', () => {
  it('completes a login, and the code leaves its address bar', async (context) => {
    needs(context, 'Chromium');
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

  it('that is opened by the command begins at its start page, may reload it, and is known again by its cookie', async (context) => {
    needs(context, 'Chromium');
    const opened = join(stage.home.root, 'opened');
    const login = startVault(['login', 'demo'], stage.home, {
      env: { BROWSER: `sh -c "echo $0 >${opened}" %s` },
    });
    const start = await vi.waitFor(() => readFileSync(opened, 'utf8').trim(), { timeout: 20_000 });
    expect(start).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[\w-]{43}$/);
    browser = await openChromium();
    const { page } = browser;
    for (const _ of ['first', 'reloaded']) {
      await page.goto(start);
      expect(page.url()).toMatch(/[?&]state=/);
    }
    await page.getByRole('button', { name: 'Allow' }).click();
    expect(await login.done).toMatchObject({ exitCode: 0, stdout: 'demo/ada@example.com\n' });
    expect(await page.context().cookies()).toEqual([]);
  });

  it('shows a page that says so when the person says no, and the command ends', async (context) => {
    needs(context, 'Chromium');
    const { login, page } = await atConsentPage();
    await page.getByRole('button', { name: 'Deny' }).click();
    expect(await login.done).toMatchObject({ exitCode: 4, stdout: '' });
    expect(page.url()).not.toMatch(/access_denied/);
    expect((await stage.vault(['list', '--json'])).stdout).toContain('"accounts":');
  });

  it('gives what the person left ticked, and the command says what is missing', async (context) => {
    needs(context, 'Chromium');
    const { login, page } = await atConsentPage();
    await page.getByLabel('see your name').uncheck();
    await page.getByRole('button', { name: 'Allow' }).click();
    const run = await login.done;
    expect(run.exitCode).toBe(7);
    expect(run.stderr).toContain('profile');
  });
});

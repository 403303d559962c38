import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { walkConsent } from '../../src/demo/consent-walk.js';
import { typeAtTerminal } from '../harness/at-terminal.js';
import { VAULT_JS } from '../harness/cli.js';
import { type DemoStage, openDemoStage } from '../harness/demo-stage.js';
import { needs } from '../harness/parts.js';
import { drawTerminal, screenLines, textOf } from '../harness/picture.js';

const PICTURE = fileURLToPath(new URL('../../docs/terminal.svg', import.meta.url));

let stage: DemoStage;
beforeEach(async () => {
  stage = await openDemoStage({ provider: { title: 'Work' } });
  const config = stage.home.config();
  stage.home.configure({ ...config, providers: { work: config.providers['demo'] ?? {} } });
});
afterEach(async () => {
  expect(await stage.close()).toEqual([]);
});

/** Runs a line of a shell at a terminal of 80 columns, on a desktop whose browser logs in Ada. */
async function run(line: string): Promise<string[]> {
  const { home, demo } = stage;
  const opened = join(home.root, 'opened');
  const shell = `stty cols 80; vault() { '${process.execPath}' '${VAULT_JS}' "$@"; }; api='${demo.issuer}'; ${line}`;
  const terminal = typeAtTerminal(['sh', '-c', shell.replaceAll("'", "'\\''")], {
    cwd: home.home,
    env: {
      ...home.env,
      TERM: 'xterm-256color',
      BROWSER: `sh -c "echo $0 >${opened}.part && mv ${opened}.part ${opened}" %s`,
    },
  });
  const [{ exitCode, shown }] = await Promise.all([terminal.done, logsInAda(opened, terminal.done)]);
  expect({ line, exitCode, shown }).toMatchObject({ line, exitCode: 0 });
  return screenLines(shown.trimEnd());
}

async function logsInAda(opened: string, done: Promise<unknown>): Promise<void> {
  let over = false;
  void done.then(() => {
    over = true;
  });
  while (!over && !existsSync(opened)) await sleep(20);
  if (existsSync(opened)) await walkConsent(readFileSync(opened, 'utf8').trim(), { person: 'ada' });
  rmSync(opened, { force: true });
}

/** What differs from run to run: times and ports. */
const steady = (lines: readonly string[]) =>
  lines.map((line) => line.replace(/\b\d+(?:s|m|h)\b/g, 'TIME').replace(/127\.0\.0\.1:\d+/g, 'HOST'));

it('the picture in the README shows what the commands print', async (context) => {
  needs(context, 'a terminal', 'the built command line');
  const prompt = (line: string) => `\x1b[32m$\x1b[39m \x1b[1m${line}\x1b[22m`;
  const lines: string[] = [];
  for (const line of [
    'vault login work',
    'vault list',
    'vault token work --format header | curl -sH @- $api/userinfo | cut -d, -f2',
    'vault refresh --all',
  ]) {
    lines.push(prompt(line), ...(await run(line)), '');
  }
  const drawn = drawTerminal(lines.slice(0, -1).join('\n'));
  if (process.env['UPDATE_PICTURE'] === '1') writeFileSync(PICTURE, drawn);
  const hint = 'UPDATE_PICTURE=1 npx vitest run test/real/picture.test.ts';
  expect(steady(textOf(readFileSync(PICTURE, 'utf8'))), hint).toEqual(steady(textOf(drawn)));
});

it('the picture fits into 80 columns', () => {
  const wide = textOf(readFileSync(PICTURE, 'utf8')).filter((line) => line.length > 80);
  expect(wide).toEqual([]);
});

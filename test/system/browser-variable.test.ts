import { describe, expect, it } from 'vitest';
import { browserCommands } from '../../src/system/browser.js';

const URL_TO_OPEN = 'https://issuer.example/?a=$&b=%s';

describe('$BROWSER', () => {
  it.each<[string, string[][]]>([
    ['firefox', [['firefox', URL_TO_OPEN]]],
    [
      'firefox:chromium',
      [
        ['firefox', URL_TO_OPEN],
        ['chromium', URL_TO_OPEN],
      ],
    ],
    ['w3m -o x=%s', [['w3m', '-o', `x=${URL_TO_OPEN}`]]],
    [`"/opt/my browser/run" --app='%s' &`, [['/opt/my browser/run', `--app=${URL_TO_OPEN}`]]],
    ['firefox &', [['firefox', URL_TO_OPEN]]],
    [' : firefox ::', [['firefox', URL_TO_OPEN]]],
    ['firefox; rm -r /', [['firefox;', 'rm', '-r', '/', URL_TO_OPEN]]],
    ['none', []],
    ['', []],
  ])('%j is split into argument vectors', (variable, commands) => {
    expect(browserCommands(variable, URL_TO_OPEN, 'linux')).toEqual(commands);
  });

  it('is separated by semicolons on Windows, where paths contain colons', () => {
    expect(browserCommands('C:\\Browser\\run.exe;other.exe', URL_TO_OPEN, 'win32')).toEqual([
      ['C:\\Browser\\run.exe', URL_TO_OPEN],
      ['other.exe', URL_TO_OPEN],
    ]);
  });
});

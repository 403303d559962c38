import { expect, it } from 'vitest';
import { readNotify } from '../../src/config/notify.js';

it.each([
  [null, null],
  ['{}', null],
  ['{"notify": ["mail", "-s", "vault", "me"]}', ['mail', '-s', 'vault', 'me']],
  ['{"notify": ["/srv/a b/tell"], "providers": 7}', ['/srv/a b/tell']],
])('the notify command of %s is %j, whatever else stands there', (text, command) => {
  expect(readNotify(text, 'config.json')).toEqual(command);
});

it('a file that cannot be read is told by its name', () => {
  expect(() => readNotify('{"notify": ["secret-example"', 'config.json')).toThrow(
    expect.objectContaining({ code: 'config_invalid', message: 'config.json is not valid JSON, at line 1' }),
  );
});

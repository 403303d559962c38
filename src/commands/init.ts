import type { KeyChoice } from '../access/key-sources-rest.js';
import { KEY_SOURCE_KINDS } from '../config/key-source.js';
import { VaultError } from '../domain/errors.js';
import { command } from '../domain/hints.js';
import { firstLoginHere } from '../services/first-login.js';
import { renderBlock } from '../ui/layout.js';
import { impliedKind, KEY_SOURCE_OPTIONS, readChoice } from './key-source.js';
import type { Command } from './spec.js';
import { oneOf } from './spec.js';

/** Makes the vault and its key. A login makes them too, with the configured key source. */
export const init: Command<{ readonly choice: KeyChoice | null }> = {
  arguments: [
    {
      name: 'command',
      description: 'for --key-source command: the program that prints the key, after --',
      variadic: true,
      values: 'program',
    },
  ],
  options: [
    {
      flags: '--key-source <kind>',
      description: 'where the key is kept',
      values: KEY_SOURCE_KINDS,
      defaultText: 'keychain',
    },
    ...KEY_SOURCE_OPTIONS,
  ],
  examples: {
    init: "keep the key in the system's keychain",
    'init --key-source file': 'keep the key in a file: for servers, cron, containers',
    'init --key-source command -- pass show token-vault': 'use a key that the password manager already has',
    'init --key-source credential': 'use the key that systemd passes to a service',
    'init --key-source passphrase': 'store no key; vault asks for the passphrase each time',
  },

  parse(raw) {
    const asked = oneOf(raw, '--key-source', KEY_SOURCE_KINDS);
    const [word] = raw.args;
    // Otherwise `vault init file` would run the program file(1).
    if (asked === null && KEY_SOURCE_KINDS.some((kind) => kind === word)) {
      throw new VaultError('usage', `name the key source ${word} with an option`, {
        hint: command(`init --key-source ${word}`),
      });
    }
    const implied = impliedKind(raw) ?? (word !== undefined ? 'command' : null);
    const kind = asked ?? implied;
    return { choice: kind === null ? null : readChoice(raw, kind, raw.args) };
  },

  async run(ctx, { choice }, io) {
    const { access, keys, paths } = ctx;
    const source = choice === null ? await keys.current() : await keys.chosen(choice);
    await access.create(source);
    const { kind, place } = source;
    if (io.json) {
      io.document({
        key_source: kind,
        place,
        database: paths.database,
        config_file: paths.configFile,
      });
      return;
    }
    const lines = [
      ['key', place],
      ['vault', paths.database],
      ['settings', paths.configFile],
    ] as const;
    io.data(renderBlock(lines, io.columns, io.theme));
    io.say(`the vault is ready; next: ${await firstLoginHere(ctx)}`);
  },
};

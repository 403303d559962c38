import { VaultError } from '../domain/errors.js';
import type { InitRequest, InitResult } from '../services/contract.js';
import { renderBlock } from '../ui/layout.js';
import { impliedKind, KEY_SOURCE_OPTIONS, KEY_SOURCES, readChoice } from './key-source.js';
import type { Command } from './spec.js';
import { oneOf } from './spec.js';

/** Makes the vault and its key. The other commands do it with the usual choice when there is no vault yet. */
export const init: Command<InitRequest> = {
  name: 'init',
  summary: 'make the vault and choose where its key is kept',
  arguments: [
    { name: 'command', description: 'with --key-source command: the program, after --', variadic: true },
  ],
  options: [
    { flags: '--key-source <kind>', description: KEY_SOURCES.join(', '), defaultText: 'keychain' },
    ...KEY_SOURCE_OPTIONS,
  ],
  examples: [
    { line: 'vault init', says: "the key in the system's keychain" },
    { line: 'vault init --key-source file', says: 'the key in a file: servers, cron, containers' },
    {
      line: 'vault init --key-source command -- pass show token-vault',
      says: 'the key in a password manager, where it has to be already',
    },
    { line: 'vault init --key-source credential', says: 'the key that systemd hands to a service' },
    { line: 'vault init --key-source passphrase', says: 'no key anywhere: a person is asked each time' },
  ],

  parse(raw) {
    const asked = oneOf(raw, '--key-source', KEY_SOURCES);
    const [word] = raw.args;
    // Otherwise `vault init file` would run the program file(1).
    if (asked === null && KEY_SOURCES.some((kind) => kind === word)) {
      throw new VaultError('usage', `the key source ${word} is named with an option`, {
        hint: `vault init --key-source ${word}`,
      });
    }
    const implied = impliedKind(raw) ?? (word !== undefined ? 'command' : null);
    const kind = asked ?? implied;
    return { choice: kind === null ? null : readChoice(raw, kind, raw.args) };
  },

  async run(useCases, request, io) {
    const result = await useCases.init(request);
    if (io.json) {
      io.document(initDocument(result));
      return;
    }
    io.data(
      renderBlock(
        [
          ['key', result.place],
          ['vault', result.database],
          ['settings', result.configFile],
        ],
        io.columns,
        io.theme,
      ),
    );
    io.say('the vault is ready; next: vault providers');
  },
};

function initDocument(result: InitResult) {
  return {
    key_source: result.keySource,
    place: result.place,
    database: result.database,
    config_file: result.configFile,
  };
}

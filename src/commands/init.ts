import { VaultError } from '../domain/errors.js';
import type { KeySourceKind } from '../keysources/contract.js';
import type { InitRequest, InitResult } from '../services/contract.js';
import { renderBlock } from '../ui/block.js';
import type { Command } from './contract.js';
import { oneOf, text } from './read.js';

/** Written as a record, so that the compiler notices a key source that is missing here. */
const KEY_SOURCES = Object.keys({ keychain: true, file: true } satisfies Record<
  KeySourceKind,
  true
>) as KeySourceKind[];

/** Makes the vault and its key. The other commands do it with the usual choice when there is no vault yet. */
export const init: Command<InitRequest> = {
  name: 'init',
  summary: 'make the vault and choose where its key is kept',
  arguments: [],
  options: [
    { flags: '--key-source <kind>', description: KEY_SOURCES.join(', '), defaultText: 'keychain' },
    { flags: '--key-file <path>', description: 'where the key file is or shall be' },
  ],
  examples: [
    { line: 'vault init', says: "the key in the system's keychain" },
    { line: 'vault init --key-source file', says: 'the key in a file: servers, cron, containers' },
  ],

  parse(raw) {
    const asked = oneOf(raw, '--key-source', KEY_SOURCES);
    const keyFile = text(raw, '--key-file');
    if (keyFile !== null && asked !== null && asked !== 'file') {
      throw new VaultError('usage', `--key-file does not go with --key-source ${asked}`);
    }
    return { keySource: keyFile === null ? asked : 'file', keyFile };
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

import { chmodSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './measure.mjs';

export const VAULT = fileURLToPath(new URL('../bin/vault.js', import.meta.url));
const FILL = fileURLToPath(new URL('fill.mjs', import.meta.url));

/** The name of the account that single tokens are asked for. */
export const ACCOUNT = 'bench/user-00000@example.com';

/**
 * Makes a vault in a home of its own.
 *
 * @param {string} folder where homes go
 * @param {{ source: 'file' | 'keychain', count: number, endpoint: string, env: NodeJS.ProcessEnv }} wanted
 * @returns {Promise<{ env: NodeJS.ProcessEnv, data: string, config: string }>} the environment that leads to it
 */
export async function makeVault(folder, { source, count, endpoint, env: base }) {
  const home = mkdtempSync(join(folder, `${source}-${count}-`));
  const env = { ...base, HOME: home };
  const config = join(home, '.config', 'token-vault');
  await run({ args: [VAULT, 'init', '--key-source', source], env });
  mkdirSync(config, { recursive: true, mode: 0o700 });
  addProvider(join(config, 'config.json'), endpoint);
  await run({ args: [FILL, source, String(count), endpoint], env });
  return { env, config, data: join(home, '.local', 'share', 'token-vault') };
}

/** Beside the key source that `vault init` wrote down. */
function addProvider(file, endpoint) {
  const settings = JSON.parse(readIfThere(file) ?? '{}');
  const authorizationEndpoint = endpoint.replace(/token$/, 'authorize');
  const bench = { authorizationEndpoint, tokenEndpoint: endpoint, clientId: 'bench' };
  writeFileSync(file, JSON.stringify({ ...settings, providers: { bench } }), { mode: 0o600 });
  chmodSync(file, 0o600);
}

function readIfThere(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch (failure) {
    if (failure.code === 'ENOENT') return null;
    throw failure;
  }
}

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseEnvFile } from '../../src/config/env-file.js';
import { PLACE_VARIABLES } from '../../src/domain/environment.js';
import { builtInProvider, catalogue } from '../../src/providers/index.js';

const values = parseEnvFile(
  readFileSync(new URL('../../.env.example', import.meta.url), 'utf8'),
  '.env.example',
);

describe('.env.example', () => {
  it('has every variable of every built-in provider', () => {
    const clients = catalogue.names.map((name) => builtInProvider(name, {})?.client);
    const variables = clients.flatMap((client) => [
      ...(client?.idVariables ?? []),
      ...(client?.secretVariables ?? []),
    ]);
    const others = [...PLACE_VARIABLES, 'OAUTH_REDIRECT_URI'];
    expect(Object.keys(values).sort()).toEqual([...new Set([...variables, ...others])].sort());
  });

  it('sets none of them', () => {
    expect(Object.values(values).filter((value) => value !== '')).toEqual([]);
  });

  it('lists variables of the environment only, and a file that sets one is refused', () => {
    const text = readFileSync(new URL('../../.env.example', import.meta.url), 'utf8');
    const [, told = ''] = text.split('# Read from the environment only');
    const names = told.match(/\b[A-Z]+(?:_[A-Z]+)*\b(?=,|\s{2,}|\n| and)/g) ?? [];
    expect(names).toEqual(expect.arrayContaining(['VAULT_HOME', 'HOME', 'BROWSER', 'NODE_OPTIONS']));
    for (const name of names) {
      expect(() => parseEnvFile(`A=1\n${name}=x\n`, '/config/.env'), name).toThrow(
        `/config/.env sets ${name}, `,
      );
    }
  });

  it('names the redirect URI for Notion', () => {
    const redirect = builtInProvider('notion', {})?.redirect;
    const text = readFileSync(new URL('../../.env.example', import.meta.url), 'utf8');
    expect(text).toContain(`http://${redirect?.host}:${redirect?.port}${redirect?.path}\n`);
  });
});

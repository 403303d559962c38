import { listProfiles } from '../access/profiles.js';
import { editorOf } from '../access/programs.js';
import { type ConfigPath, parseConfigPath } from '../config/config-path.js';
import type { Context } from '../context.js';
import { reworded } from '../domain/error-forms.js';
import { VaultError } from '../domain/errors.js';
import { command } from '../domain/hints.js';
import { editConfig } from '../services/config/edit.js';
import { configValue, type GivenValue, setConfigValue, unsetConfigValue } from '../services/config/values.js';
import type { Column, Io } from '../ui/io.js';
import { printTable, renderBlock } from '../ui/layout.js';
import { readSecretText } from './secret-file.js';
import type { ArgumentSpec, Command } from './spec.js';
import { names, text } from './spec.js';

type ConfigInput =
  | { readonly action: 'get'; readonly path: ConfigPath | null }
  | {
      readonly action: 'set';
      readonly path: ConfigPath;
      readonly words: readonly string[];
      readonly from: string | null;
    }
  | { readonly action: 'unset'; readonly path: ConfigPath }
  | { readonly action: 'edit' | 'path' | 'profiles' };

const SETTING: ArgumentSpec = {
  name: 'setting',
  description: 'path of the value, for example providers.work.issuer',
};

export const config: Command<ConfigInput> = {
  arguments: [],
  options: [],
  needsSubcommand: true,
  subcommands: [
    {
      name: 'get',
      summary: 'print config.json, or one value of it; never a client secret',
      arguments: [SETTING],
      options: [],
      examples: {
        'config get providers.work.issuer': 'text as it is, everything else as JSON',
        'config get': 'all of it',
      },
    },
    {
      name: 'set',
      summary: 'set one value of config.json',
      arguments: [
        { ...SETTING, required: true },
        { name: 'value', description: 'the value; several values make a list', variadic: true },
      ],
      options: [
        {
          flags: '--from-file <path>',
          description: 'read the value from a file; - is stdin',
          values: 'file',
        },
      ],
      examples: {
        'config set providers.work.scopes openid email offline_access': 'a list',
        'config set providers.work.redirectPort 8400': 'stored as a number, because the setting takes one',
        'config set providers.work.clientSecret --from-file secret.txt': 'a secret is never typed',
        'config set notify /usr/local/bin/notify-me': 'run this program when an account needs a login',
      },
    },
    {
      name: 'unset',
      summary: 'remove one value of config.json, or a whole provider',
      arguments: [{ ...SETTING, required: true }],
      options: [],
      examples: {
        'config unset providers.work.redirectPort': 'the default counts again',
        'config unset providers.work': 'a server of your own',
      },
    },
    {
      name: 'edit',
      summary: 'edit config.json in $VISUAL or $EDITOR; checks it before saving',
      arguments: [],
      options: [],
      examples: { 'config edit': 'what is not valid can be edited again, and changes nothing' },
    },
    {
      name: 'path',
      summary: 'print where config.json, the .env and the data are',
      arguments: [],
      options: [],
      examples: { 'config path': 'the files of this vault' },
    },
    {
      name: 'profiles',
      summary: 'list the profiles: separate vaults with their own keys',
      arguments: [],
      options: [],
      examples: { 'config profiles': 'select one with --profile NAME or VAULT_PROFILE' },
    },
  ],
  examples: {
    'config path': 'where the files are',
    'config set providers.work.scopes openid email': 'set one value',
    'config edit': 'edit config.json; checks it before saving',
  },

  parse(raw) {
    const from = text(raw, '--from-file');
    const [action, place, ...words] = names(raw, 'an argument');
    if (action === 'edit' || action === 'path' || action === 'profiles') return { action };
    if (action === 'unset') return { action, path: parseConfigPath(place ?? '') };
    if (action === 'get') return { action, path: place === undefined ? null : parseConfigPath(place) };
    if (words.length > 0 === (from !== null))
      throw new VaultError('usage', 'give either a value or --from-file');
    return { action: 'set', path: parseConfigPath(place ?? ''), words, from };
  },

  async run(ctx, input, io) {
    switch (input.action) {
      case 'get':
        return printValue(input.path, configValue(ctx, input.path), io);
      case 'set': {
        const given: GivenValue =
          input.from === null
            ? { words: input.words, typed: true }
            : { words: [await readSecretText(ctx, io, input.from)], typed: false };
        return printSet(ctx.paths.configFile, input.path, await setConfigValue(ctx, input.path, given), io);
      }
      case 'unset':
        await unsetConfigValue(ctx, input.path);
        return printUnset(ctx.paths.configFile, input.path, io);
      case 'edit':
        return printEdited(ctx.paths.configFile, await edit(ctx, io), io);
      case 'path':
        return printPaths(ctx, io);
      case 'profiles':
        return printProfiles(ctx, io);
    }
  },
};

function printValue(path: ConfigPath | null, value: unknown, io: Io): void {
  if (io.json) io.document({ setting: path?.join('.') ?? null, value });
  else io.data(typeof value === 'string' ? `${value}\n` : `${JSON.stringify(value, null, 2)}\n`);
}

function printSet(configFile: string, path: ConfigPath, value: unknown, io: Io): void {
  const setting = path.join('.');
  if (io.json) io.document({ setting, value, config_file: configFile });
  else io.say(`${setting} is now ${JSON.stringify(value)}`, 'green');
}

function printUnset(configFile: string, path: ConfigPath, io: Io): void {
  const setting = path.join('.');
  if (io.json) io.document({ setting, value: null, config_file: configFile });
  else io.say(`${setting} is no longer set`, 'green');
}

function printEdited(configFile: string, changed: boolean, io: Io): void {
  if (io.json) io.document({ config_file: configFile, changed });
  else io.say(changed ? `${configFile} was changed` : 'nothing was changed', changed ? 'green' : undefined);
}

function edit(ctx: Context, io: Io): Promise<boolean> {
  const { command: words, env } = editorOf(ctx.host);
  const [editor = '', ...options] = words;
  return editConfig(ctx, {
    async edit(path) {
      const { exitCode } = await ctx.runInForeground(editor, [...options, path], env).catch(notStarted);
      if (exitCode !== 0)
        throw new VaultError('usage', `the editor ended with exit code ${exitCode}, so nothing was changed`);
    },
    async again({ message }) {
      if (!io.interactive) return false;
      io.warn(message, 'yellow');
      if (await io.confirm('Edit it again?', 'yes')) return true;
      throw new VaultError('config_invalid', 'nothing was changed');
    },
  });
}

function notStarted(failure: unknown): never {
  if (!(failure instanceof VaultError)) throw failure;
  throw reworded(failure, { hint: 'name another editor: export EDITOR=nano' });
}

function printPaths({ envFile, paths }: Context, io: Io): void {
  const { configFile, data } = paths;
  const settings = envFile ?? paths.envFile;
  if (io.json) io.document({ config_file: configFile, env_file: settings, data_folder: data });
  else {
    const entries = [
      ['config.json', configFile],
      ['.env', settings],
      ['data', data],
    ] as const;
    io.data(renderBlock(entries, io.columns, io.theme));
  }
}

const PROFILE_COLUMNS: readonly Column[] = [{ title: 'PROFILE' }, { title: 'VAULT' }, { title: 'FOLDER' }];

function printProfiles({ host, paths }: Context, io: Io): void {
  const profiles = listProfiles(host);
  if (io.json) {
    io.document({
      profiles: profiles.map(({ name, hasVault, paths: own }) => ({
        profile: name,
        in_use: name === paths.profile,
        has_vault: hasVault,
        config_folder: own.config,
        data_folder: own.data,
      })),
    });
    return;
  }
  const rows = profiles.map(({ name, title, hasVault, paths: own }) => [
    `${title}${name === paths.profile ? ' *' : ''}`,
    hasVault ? 'yes' : 'no',
    own.config,
  ]);
  printTable(io, PROFILE_COLUMNS, rows);
  if (profiles.length === 1) io.say(`to make one: ${command('setup', 'NAME')}`, 'dim');
}

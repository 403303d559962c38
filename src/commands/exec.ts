import { VaultError } from '../domain/errors.js';
import { MIN_VALID } from '../domain/token-state.js';
import { checkVariable, type ExecRequest, execute } from '../services/token/exec.js';
import type { Command } from './spec.js';
import { duration, names, oneOf, scopes, text, wholeNumber } from './spec.js';

const DEFAULT_VARIABLE = 'ACCESS_TOKEN';
const CLOUDS = ['google'] as const;

export const exec: Command<ExecRequest> = {
  arguments: [
    {
      name: 'account',
      description: 'account name, provider, or unique prefix',
      required: true,
      values: 'account',
    },
    {
      name: 'command',
      description: 'the program and its arguments, after --',
      required: true,
      variadic: true,
      values: 'program',
    },
  ],
  options: [
    {
      flags: '--env <name>',
      description: 'name of the variable for the token',
      defaultText: DEFAULT_VARIABLE,
    },
    {
      flags: '--as-metadata-server <cloud>',
      description: "answer Google's libraries in the program as the metadata server of Google Cloud does",
      values: CLOUDS,
    },
    {
      flags: '--retry-exit <n>',
      description: 'if the program exits with N, refresh and run it once more',
    },
    {
      flags: '--min-valid <duration>',
      description: 'refresh first unless the token is valid for this long',
      defaultText: '5m',
    },
    { flags: '--scope <scope>', description: 'fail unless this scope was granted', repeatable: true },
  ],
  examples: {
    'exec google -- ./upload.sh': 'upload.sh finds the token in $ACCESS_TOKEN',
    'exec google --env GH_TOKEN --min-valid 30m -- python3 sync.py':
      'the token in another variable, valid for half an hour',
    'exec google --as-metadata-server google -- python3 report.py':
      "Google's libraries in it take their tokens from the vault",
    'exec google --retry-exit 41 -- ./upload.sh': 'upload.sh exits with 41 when it gets a 401',
  },

  parse(raw) {
    const [selector = '', program = '', ...args] = raw.args;
    names({ ...raw, args: [selector] }, 'the name of the account');
    names({ ...raw, args: [program] }, 'the name of the program');
    const metadataServer = oneOf(raw, '--as-metadata-server', CLOUDS) !== null;
    const variable = text(raw, '--env') ?? (metadataServer ? null : DEFAULT_VARIABLE);
    return {
      selector,
      program,
      args,
      variable: variable === null ? null : checkVariable(variable),
      metadataServer,
      retryExit: wholeNumber(raw, '--retry-exit', 1, 255),
      minValid: duration(raw, '--min-valid', MIN_VALID),
      scopes: scopes(raw),
    };
  },

  async run(ctx, request, io) {
    if (io.json) {
      throw new VaultError('usage', 'exec has no --json: stdout belongs to the program that is run', {
        hint: 'options of that program go after --',
      });
    }
    io.exitCode = await execute(ctx, request, (line) => io.warn(`warning: ${line}`, 'yellow'));
  },
};

import { CONSUMERS } from '../consumers/index.js';
import { closest } from '../domain/closest.js';
import { VaultError } from '../domain/errors.js';
import { command } from '../domain/hints.js';
import { answer, type HelperRequest } from '../services/helper/answer.js';
import type { Command, OptionSpec, RawInput } from './spec.js';
import { given, names, text } from './spec.js';

export const TOOLS = CONSUMERS.map(({ name }) => name);

interface HelperInput {
  readonly tool: string;
  /** Account, verb and what follows, as typed. */
  readonly words: readonly string[];
  readonly target: string | null;
  readonly idToken: boolean;
}

const TAKE_ID_TOKEN = ['kubectl', 'aws'];

export const ID_TOKEN_OPTION: OptionSpec = {
  flags: '--id-token',
  description: `${TAKE_ID_TOKEN.join(' and ')}: the id_token instead of the access token`,
};

export const helper: Command<HelperInput> = {
  ignoresLateSignal: true,
  neverAsks: true,
  arguments: [
    { name: 'tool', description: 'the program that asks', required: true, values: TOOLS },
    { name: 'account', description: 'account name, provider, or unique prefix', values: 'account' },
    { name: 'request', description: 'what the program adds', variadic: true },
  ],
  options: [
    { flags: '--for <host>', description: 'the host or registry for which the account was connected' },
    ID_TOKEN_OPTION,
  ],
  examples: {
    'helper git github/me get': 'git runs this; it writes a description of the credential on stdin',
    'helper kubectl work': 'kubectl runs this',
  },

  parse(raw) {
    const [tool = '', ...words] = names(raw, 'an argument');
    return { tool: checkTool(tool), words, target: text(raw, '--for'), idToken: idTokenFor(raw, tool) };
  },

  async run(ctx, { tool, words, target, idToken }, io) {
    if (io.json)
      throw new VaultError('usage', 'helper has no --json: the protocol decides what is printed', {
        hint: `for a token as JSON: ${command('token --json')}`,
      });
    const consumer = await consumerOf(tool);
    const request: HelperRequest = { tool, target, idToken, ...split(words, consumer.helper?.verbs ?? []) };
    if (consumer.helper?.keepsStderrEmpty === true) io.hush();
    io.exitCode = await answer(ctx, consumer, request, {
      lines: () => io.lines(ctx.interruption, true),
      print: io.data,
      say: (line) => io.warn(line, 'yellow'),
    });
  },
};

/** Others would send the id_token where an access token belongs. @throws VaultError `usage` */
export function idTokenFor(raw: RawInput, tool: string): boolean {
  if (!given(raw, '--id-token') || TAKE_ID_TOKEN.includes(tool)) return given(raw, '--id-token');
  throw new VaultError(
    'usage',
    `--id-token is for ${TAKE_ID_TOKEN.join(' and ')}: ${tool} takes access tokens`,
  );
}

/**
 * A program that has verbs writes one after what was configured. The account may be left out, and options of the program may
 * come before the verb.
 */
function split(
  words: readonly string[],
  verbs: readonly string[],
): Omit<HelperRequest, 'tool' | 'target' | 'idToken'> {
  if (verbs.length === 0) return { selector: words[0] ?? null, verb: null, words: words.slice(1) };
  const isVerb = (at: number) => verbs.includes(words[at] ?? '');
  const first = words.findIndex((_, at) => isVerb(at));
  // An account may have the name of a verb.
  const at = first === -1 ? words.length : isVerb(first + 1) ? first + 1 : first;
  const before = words.slice(0, at);
  const selector = before.find((word) => !word.startsWith('-')) ?? null;
  const rest = [...before.filter((word) => word !== selector), ...words.slice(at + 1)];
  return { selector, verb: words[at] ?? null, words: rest };
}

/** @throws VaultError `usage` */
export function checkTool(name: string): string {
  if (TOOLS.includes(name)) return name;
  const guess = closest(name, TOOLS);
  throw new VaultError('usage', `there is no tool named ${name}`, {
    hint: `${guess === null ? '' : `did you mean ${guess}? `}to list them: ${command('connect')}`,
  });
}

export async function consumerOf(tool: string) {
  const entry = CONSUMERS.find(({ name }) => name === tool);
  if (entry === undefined) throw new VaultError('unexpected', 'a checked tool is not in the list');
  return entry.load();
}

import { StringDecoder } from 'node:string_decoder';
import { VaultError } from '../domain/errors.js';
import { harmless } from '../domain/safe-text.js';
import { Secret } from '../domain/secret.js';
import type { Host } from '../system/contract.js';
import type { Io } from './io.js';
import { readLines } from './lines.js';

/**
 * Asks for a line.
 *
 * @returns null where the input ends first
 * @throws VaultError the reason of the signal, or `interrupted`, when it is aborted first
 */
export async function askLine(
  question: string,
  input: NodeJS.ReadableStream & { readonly readableEnded?: boolean },
  output: NodeJS.WritableStream,
  signal: AbortSignal,
): Promise<string | null> {
  // After Ctrl-D no line comes any more, nor another end.
  if (input.readableEnded === true) return null;
  output.write(`${question} `);
  // Ctrl-D twice ends the input after half a line, such as a y that is not confirmed yet.
  for await (const line of readLines(input, signal, false)) return line.trim();
  output.write('\n');
  if (!signal.aborted) return null;
  throw signal.reason instanceof VaultError ? signal.reason : stopped();
}

const stopped = () => new VaultError('interrupted', 'stopped while asking');

/**
 * Asks until the answer is yes or no.
 *
 * @param usual what an empty line means
 * @throws VaultError as {@link askLine}; `interrupted` where the input ends: a no would lead to more questions, and no answer can come
 */
export async function askYesOrNo(
  question: string,
  usual: 'yes' | 'no',
  input: NodeJS.ReadableStream,
  output: NodeJS.WritableStream,
  signal: AbortSignal,
): Promise<boolean> {
  for (;;) {
    const text = `${question} ${usual === 'yes' ? '[Y/n]' : '[y/N]'}`;
    const answer = await askLine(text, input, output, signal);
    if (answer === null) throw stopped();
    const yes = isYes(answer, usual);
    if (yes !== null) return yes;
    output.write('type y or n\n');
  }
}

/** Whether an answer is yes; null where it is neither yes nor no. @param usual what an empty one means */
function isYes(answer: string, usual: 'yes' | 'no'): boolean | null {
  if (/^y(es)?$/i.test(answer)) return true;
  if (/^no?$/i.test(answer)) return false;
  return answer === '' ? usual === 'yes' : null;
}

/** A terminal on which the user types. */
export interface TypingTerminal extends NodeJS.ReadableStream {
  setRawMode?(raw: boolean): unknown;
}

const KEYS = {
  interrupt: '\u0003',
  end: '\u0004',
  backspace: '\b',
  delete: '\u007f',
  eraseLine: '\u0015',
  escape: '\u001b',
} as const;

/**
 * Asks for a secret: nothing that is typed is echoed, not even as stars. The terminal's mode is restored in every case.
 *
 * @returns what was typed before the line ended
 * @throws VaultError `interrupted` for Ctrl-C, Ctrl-D and for a terminal that is gone; the signal's reason when it is aborted
 */
export async function askSecret(
  question: string,
  input: TypingTerminal,
  output: NodeJS.WritableStream,
  signal: AbortSignal,
): Promise<Secret> {
  signal.throwIfAborted();
  // Before the question is printed, so that fast typing is not echoed either.
  input.setRawMode?.(true);
  output.write(question);
  const line = typedLine();
  const decoder = new StringDecoder('utf8');
  let settle: (outcome: { readonly typed: string } | { readonly failure: unknown }) => void = () => {};
  const onData = (chunk: Buffer | string) => {
    const outcome = line.take(typeof chunk === 'string' ? chunk : decoder.write(chunk));
    if (outcome === 'interrupt') settle({ failure: stopped() });
    else if (outcome !== null) settle({ typed: outcome });
  };
  const onEnd = () => settle({ failure: stopped() });
  const onAbort = () => settle({ failure: signal.reason });
  try {
    const outcome = await new Promise<Parameters<typeof settle>[0]>((resolve) => {
      settle = resolve;
      input.on('data', onData).once('end', onEnd).once('error', onEnd);
      signal.addEventListener('abort', onAbort, { once: true });
      input.resume();
    });
    if ('failure' in outcome) throw outcome.failure;
    return new Secret(outcome.typed);
  } finally {
    input.off('data', onData).off('end', onEnd).off('error', onEnd);
    signal.removeEventListener('abort', onAbort);
    input.pause();
    input.setRawMode?.(false);
    output.write('\n');
  }
}

/** Keys as they come, until they are a line. */
function typedLine() {
  let characters: string[] = [];
  let inSequence = false;

  return {
    /** @returns the line once it is ended; null before */
    take(text: string): string | 'interrupt' | null {
      for (const character of text) {
        if (inSequence) {
          // An arrow key, for example: it ends with a letter or a tilde, and begins with a bracket.
          inSequence = !/[A-Za-z~]/.test(character) || character === 'O';
          continue;
        }
        // Ctrl-D too: half of a secret is of no use.
        if (character === KEYS.interrupt || character === KEYS.end) return 'interrupt';
        if (character === '\r' || character === '\n') return characters.join('');
        if (character === KEYS.backspace || character === KEYS.delete) characters.pop();
        else if (character === KEYS.eraseLine) characters = [];
        else if (character === KEYS.escape) inSequence = true;
        else if (character >= ' ') characters.push(character);
      }
      return null;
    },
  };
}

/**
 * The questions of {@link Io}, made harmless. Streams are opened when the first one is asked.
 *
 * @param interactive whether there is a user to ask
 */
export function questions(
  stdin: () => Host['stdin'],
  stderr: () => Host['stderr'],
  signal: AbortSignal,
  interactive: () => boolean,
): Pick<Io, 'confirm' | 'ask' | 'askHidden'> {
  return {
    confirm: async (question, usual = 'no') =>
      interactive() && (await askYesOrNo(harmless(question), usual, stdin(), stderr(), signal)),
    async ask(question) {
      const answer = await askLine(harmless(question), stdin(), stderr(), signal);
      if (answer === null) throw stopped();
      return answer;
    },
    askHidden: (question) => askSecret(`${harmless(question)} `, stdin(), stderr(), signal),
  };
}

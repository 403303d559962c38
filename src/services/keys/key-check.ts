import { equalBytes, random } from '../../crypto/derive.js';
import { ERROR_CODES, type ErrorCode, VaultError } from '../../domain/errors.js';
import type { KeySource, KeySourceSetting } from '../../keysources/contract.js';
import { masterVersion, proofOfKey } from '../../vault/master-key.js';
import type { NewMaster } from './new-master.js';

/*
 * How a second process shows that it, too, gets a new master key from its source: one line of JSON on its stdin asks, one
 * on its stdout answers. The key itself is never passed, only a proof of it.
 */

export interface KeyCheckRequest {
  readonly profile: string | null;
  readonly source: KeySourceSetting;
  readonly reference: string;
  readonly parameters: string | null;
  /** In base64, new each time. */
  readonly nonce: string;
  /** What a person has typed for a source that is derived from it; null for others. */
  readonly passphrase: string | null;
  /** Somebody sits at the terminal of the process that asks. */
  readonly person: boolean;
}

export type KeyCheckAnswer =
  /** In base64. */
  | { readonly proof: string }
  | { readonly error: { readonly code: ErrorCode; readonly message: string; readonly hint: string | null } };

const NONCE_BYTES = 32;

/**
 * Has another process read the key back.
 *
 * @param exchange starts the process, gives it the line and resolves to what it printed; is told what to type where the
 * source is of no use
 * @throws VaultError what the other process met, or `key_unavailable` when it got another key
 */
export async function readBackElsewhere(
  source: KeySource,
  made: NewMaster,
  given: Pick<KeyCheckRequest, 'profile' | 'passphrase' | 'person'>,
  exchange: (line: string, instead: string) => Promise<string>,
): Promise<void> {
  const nonce = random(NONCE_BYTES);
  const request: KeyCheckRequest = {
    profile: given.profile,
    passphrase: given.passphrase,
    person: given.person,
    source: source.setting,
    reference: made.reference,
    parameters: made.parameters,
    nonce: nonce.toString('base64'),
  };
  const answer = readAnswer(await exchange(`${JSON.stringify(request)}\n`, insteadOf(made)));
  if (answer === null) throw notReadBack(source, made);
  if ('error' in answer) {
    const { code, message, hint } = answer.error;
    throw new VaultError(code, `a second process could not read the key back: ${message}`, {
      hint: hint ?? otherSource(source, made),
    });
  }
  const expected = proofOfKey(made.reference, made.master, nonce);
  if (!equalBytes(Buffer.from(answer.proof, 'base64'), expected)) throw anotherKey(source, made);
}

/** Reads it back in this process, where there is no program to start a second time. */
export async function readBackHere(source: KeySource, made: NewMaster): Promise<void> {
  const again = await source.load(made.reference, made.parameters);
  const same = equalBytes(again, made.master);
  again.fill(0);
  if (!same) throw anotherKey(source, made);
}

/** The other side: loads the key from its source in this process. @returns the line to print */
export async function answerKeyCheck(
  request: KeyCheckRequest,
  sourceOf: (request: KeyCheckRequest) => Promise<KeySource>,
): Promise<string> {
  try {
    const source = await sourceOf(request);
    const master = await source.load(request.reference, request.parameters);
    const proof = proofOfKey(request.reference, master, Buffer.from(request.nonce, 'base64'));
    master.fill(0);
    return line({ proof: proof.toString('base64') });
  } catch (failure) {
    if (!(failure instanceof VaultError)) throw failure;
    const { code, message, hint = null } = failure;
    return line({ error: { code, message, hint } });
  }
}

function line(answer: KeyCheckAnswer): string {
  return `${JSON.stringify(answer)}\n`;
}

function readAnswer(text: string): KeyCheckAnswer | null {
  try {
    const answer = JSON.parse(text) as KeyCheckAnswer;
    if ('error' in answer) return Object.hasOwn(ERROR_CODES, answer.error.code) ? answer : null;
    return typeof answer.proof === 'string' ? answer : null;
  } catch {
    return null;
  }
}

function anotherKey(source: KeySource, made: NewMaster): VaultError {
  return new VaultError('key_unavailable', `the ${source.place} gave back another key than before`, {
    hint: otherSource(source, made),
  });
}

function notReadBack(source: KeySource, made: NewMaster): VaultError {
  return new VaultError(
    'key_unavailable',
    `a second process could not read the key back from the ${source.place}: it ended without an answer`,
    { hint: otherSource(source, made) },
  );
}

function otherSource({ kind }: KeySource, made: NewMaster): string {
  return kind === 'file' ? 'try again with another key file' : `use another key source: ${insteadOf(made)}`;
}

/** Only a vault that is being made has a first key. */
function insteadOf({ reference }: NewMaster): string {
  return masterVersion(reference) > 1 ? 'vault key add file' : 'vault init --key-source file';
}

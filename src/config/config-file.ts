import * as v from 'valibot';
import { VaultError } from '../domain/errors.js';
import { quoted } from '../domain/safe-text.js';
import type { ProviderSettings } from '../providers/contract.js';
import { isObject, parseConfigJson } from './json.js';
import { type KeySourceSetting, keySourceIn } from './key-source.js';
import { notifyIn } from './notify.js';
import { exactly, providerSettings } from './provider-schema.js';

/** What the user's `config.json` says, checked. */
export interface ConfigFile {
  readonly keySource: KeySourceSetting | null;
  readonly providers: Readonly<Record<string, ProviderSettings>>;
  /** A command and its arguments, for notices; null when there is none. */
  readonly notify: readonly string[] | null;
}

/** A provider's name is the first half of an account's name, and part of a variable's name. */
const PROVIDER_NAME = /^[a-z0-9](?:[a-z0-9._-]{0,38}[a-z0-9])?$/;

const NAME_RULE = 'is no name for a provider: lower-case letters and digits, with . _ - between them';

const schema = exactly({
  keySource: v.optional(v.unknown()),
  providers: v.optional(
    v.pipe(
      v.custom<Readonly<Record<string, unknown>>>(isObject, 'must be an object'),
      v.record(v.pipe(v.string(), v.regex(PROVIDER_NAME, NAME_RULE)), providerSettings),
    ),
    {},
  ),
  notify: v.optional(v.unknown()),
});

/**
 * Reads the text of `config.json`. It is strict, so that a mistyped key is noticed; and it tells names and never
 * values, because any of them may be a secret that went into the wrong place.
 *
 * @param text null when there is no such file
 * @param file how the file is called in errors
 * @throws VaultError `config_invalid`
 */
export function parseConfigFile(text: string | null, file: string): ConfigFile {
  if (text === null) return { keySource: null, providers: {}, notify: null };
  const raw = parseConfigJson(text, file);
  const keySource = keySourceIn(raw, file);
  const notify = notifyIn(raw, file);
  const result = v.safeParse(schema, raw, { abortEarly: true });
  if (!result.success) throw invalid(result.issues[0], file);
  return { keySource, providers: result.output.providers, notify };
}

function invalid(issue: v.BaseIssue<unknown>, file: string): VaultError {
  const path = (issue.path ?? []).map((item) => nameOf(item.key)).join('.');
  return new VaultError('config_invalid', `${file}: ${path} ${issue.message}`, {
    hint: `correct ${path} in ${quoted(file)}`,
    details: { path },
  });
}

/** Keys are the user's text and go to a terminal. */
function nameOf(key: unknown): string {
  return String(key)
    .replace(/[^\x20-\x7e]/g, '?')
    .slice(0, 60);
}

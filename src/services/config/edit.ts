import { join } from 'node:path';
import { resolveProvider } from '../../config/settings.js';
import type { Context } from '../../context.js';
import { reworded } from '../../domain/error-forms.js';
import { VaultError } from '../../domain/errors.js';
import { inQuotes, quoted } from '../../domain/safe-text.js';
import { type ChangeContext, changeSettings } from './change.js';

const EMPTY = '{\n}\n';

export interface Editing {
  /** Returns when the user has finished with the file. */
  edit(path: string): Promise<void>;
  /** Asks whether to edit again after this. */
  again(failure: VaultError): Promise<boolean>;
}

/**
 * Lets the user edit a private copy of `config.json`, and puts it in place once it is valid. All providers in it have to be
 * complete.
 *
 * @returns whether the file was changed
 * @throws VaultError `config_invalid` when the user gives up; `busy` while it is being edited elsewhere
 */
export async function editConfig(
  ctx: ChangeContext & Pick<Context, 'readSettings'>,
  { edit, again }: Editing,
): Promise<boolean> {
  const { files, paths, readText } = ctx;
  const { configFile } = paths;
  files.ensureFolder(paths.config);
  const copy = join(paths.config, 'config.edit.json');
  const before = readText(configFile);
  if (!files.create(copy, Buffer.from(before ?? EMPTY, 'utf8'))) throw beingEdited(copy);
  let keep = false;
  try {
    for (;;) {
      await edit(copy);
      const after = readText(copy);
      if (after === null || after === (before ?? EMPTY)) return false;
      try {
        await check(ctx, after);
      } catch (failure) {
        if (!(failure instanceof VaultError) || failure.code !== 'config_invalid') throw failure;
        if (await again(failure)) continue;
        throw reworded(failure, { hint: 'nothing was changed' });
      }
      return await changeSettings(ctx, configFile, 'config_file', (now) => {
        keep = now !== before;
        if (keep) throw changedMeanwhile(configFile, copy);
        return after;
      });
    }
  } finally {
    if (!keep) files.remove(copy);
  }
}

async function check(ctx: Pick<Context, 'readSettings'>, text: string): Promise<void> {
  const sources = await ctx.readSettings(text);
  for (const name of Object.keys(sources.config.providers)) {
    const { problems } = resolveProvider(name, sources);
    // A client may be registered later.
    const wrong = problems.find(({ code }) => code !== 'client_not_configured');
    if (wrong !== undefined) throw wrong;
  }
}

function beingEdited(copy: string): VaultError {
  return new VaultError('busy', `config.json is being edited: there is a copy, ${copy}`, {
    hint: `if no editor has it open, an interrupted edit left it: rm ${inQuotes(copy)}`,
  });
}

function changedMeanwhile(file: string, copy: string): VaultError {
  return new VaultError('busy', `${file} was changed by another process while it was edited`, {
    hint: `nothing was changed; your text is in ${quoted(copy)}: move it away, and edit again`,
  });
}

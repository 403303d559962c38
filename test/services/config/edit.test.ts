import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { editConfig } from '../../../src/services/config/edit.js';
import { type LibraryStage, openLibraryStage } from '../../library/stage.js';

const GOOD = '{"providers":{"work":{"issuer":"https://idp.example"}}}';

let stage: LibraryStage;
beforeEach(async () => {
  stage = await openLibraryStage();
});
afterEach(() => stage.close());

const path = (name: string) => join(stage.home, name);
const read = () => readFileSync(path('config.json'), 'utf8');

/** An editor that writes these texts, one each time it is opened. */
function editor(...texts: readonly string[]) {
  const left = [...texts];
  const refusals: string[] = [];
  return {
    refusals,
    editing: {
      async edit(file: string) {
        expect(statSync(file).mode & 0o777).toBe(0o600);
        const next = left.shift();
        if (next !== undefined) writeFileSync(file, next);
      },
      async again({ message }: { readonly message: string }) {
        refusals.push(message);
        return left.length > 0;
      },
    },
  };
}

describe('editing config.json', () => {
  it('puts the text in place once it is valid', async () => {
    const { editing, refusals } = editor(
      '{"providers":{"work":{"isuer":"x"}}}',
      '{',
      '{"providers":{"work":{}}}',
      GOOD,
    );
    expect(await editConfig(stage.app(), editing)).toBe(true);
    expect(refusals).toEqual([
      expect.stringContaining('config.json: providers.work.isuer is not known; did you mean issuer?'),
      expect.stringContaining('config.json is not valid JSON'),
      expect.stringContaining('providers.work in config.json is incomplete'),
    ]);
    expect(read()).toBe(GOOD);
    expect(statSync(path('config.json')).mode & 0o777).toBe(0o600);
    expect(existsSync(path('config.edit.json'))).toBe(false);
  });

  it('changes nothing when the user gives up', async () => {
    const before = read();
    await expect(editConfig(stage.app(), editor('{').editing)).rejects.toMatchObject({
      code: 'config_invalid',
      hint: 'nothing was changed',
    });
    expect(read()).toBe(before);
    expect(existsSync(path('config.edit.json'))).toBe(false);
  });

  it('changes nothing where the text is the same', async () => {
    expect(await editConfig(stage.app(), editor().editing)).toBe(false);
  });

  it('overwrites no change of another process, and keeps the text', async () => {
    const other = '{"keySource":"file"}';
    const { editing } = editor(GOOD);
    const edit = async (file: string) => {
      await editing.edit(file);
      writeFileSync(path('config.json'), other);
    };
    await expect(editConfig(stage.app(), { ...editing, edit })).rejects.toMatchObject({ code: 'busy' });
    expect(read()).toBe(other);
    expect(readFileSync(path('config.edit.json'), 'utf8')).toBe(GOOD);
    await expect(editConfig(stage.app(), editing)).rejects.toMatchObject({ code: 'busy' });
  });
});

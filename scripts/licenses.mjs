import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Writes the licences of the packages that are part of the bundle into one file, as those licences ask.
 *
 * @param {string[]} folders of the packages, absolute
 * @param {string} file to write
 */
export function writeLicenses(folders, file) {
  const parts = folders.map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const notice = readdirSync(folder).find((entry) => /^licen[cs]e(\.|$)/i.test(entry));
    if (notice === undefined) throw new Error(`${name} is bundled but has no licence file`);
    return `${name} ${version} (${license})\n\n${readFileSync(join(folder, notice), 'utf8').trim()}\n`;
  });
  writeFileSync(file, parts.join(`\n${'-'.repeat(80)}\n\n`));
}

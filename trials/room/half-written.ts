import { Secret } from '../../src/domain/secret.js';
import { next, parts } from './specimen.js';

/* A process that stores new tokens for an account and is killed while it does so: `half-written.ts FOLDER LABEL`. */

const [folder, label] = process.argv.slice(2);
if (folder !== undefined && label !== undefined) {
  const vault = await parts(folder, []).access.openOrCreate();
  const found = (await vault.accounts()).find((account) => account.label === label);
  const account = found === undefined ? null : await vault.account(found.id);
  if (account === null) throw new Error(`${label} is not there`);
  const contents = await vault.contents(account);
  const later = (token: Secret | null) => new Secret(next(token?.reveal() ?? ''));
  const { accessToken, refreshToken } = contents;
  await vault.update(
    account,
    {},
    {
      ...contents,
      accessToken: later(accessToken),
      refreshToken: later(refreshToken),
    },
  );
}

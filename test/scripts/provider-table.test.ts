import { expect, it } from 'vitest';
import { providerTable } from '../../scripts/provider-table.js';

/** To update the page: npx vitest run test/scripts/provider-table.test.ts -u */
it('the table of providers is what docs/provider-table.md shows', async () => {
  await expect(providerTable()).toMatchFileSnapshot('../../docs/provider-table.md');
});

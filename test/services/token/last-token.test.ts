import { afterEach, beforeEach, expect, it } from 'vitest';
import { MINUTE } from '../../../src/domain/duration.js';
import { ensureValid } from '../../../src/services/token/token.js';
import { NOW } from '../../doubles/terminal.js';
import { type TestContext, testContext } from '../../harness/test-context.js';
import { never, REQUEST } from './asking.js';

let stage: TestContext;
beforeEach(async () => {
  stage = await testContext();
});
afterEach(() => stage.close());

const token = () => ensureValid({ ...stage.ctx, refresh: never }, REQUEST);

it('the last token of an account that needs a login is returned with a warning, once', async () => {
  await stage.add({ status: 'login_needed', reason: 'the grant has ended', expiresAt: NOW + 40 * MINUTE });
  expect((await token()).warning).toBe(
    'demo/alice@example.com needs a new login; until then you get its last token, which expires in 40m: vault login demo/alice@example.com',
  );
  expect((await token()).warning).toBeNull();
});

import { expect, it } from 'vitest';
import type { HealthContext } from '../../src/health/contract.js';
import { permissions } from '../../src/health/permissions.js';
import { readOnlyFs } from '../../src/system/files/read-only.js';
import { testContext } from '../harness/test-context.js';

/** Everything is as it is, but nothing can be written, as root would find it on a read-only file system. */
it('distinguishes a read-only file system from a wrong mode', async () => {
  const stage = await testContext();
  try {
    const uid = process.getuid?.();
    const deps = {
      host: { uid, platform: 'linux' },
      paths: stage.paths,
      envFile: '/nonexistent/.env',
      fs: { ...readOnlyFs, may: (access: string) => access !== 'write' },
      assertTrustedPath: () => {},
      assertPrivateSocket: () => {},
      keySources: async () => [],
    } as unknown as HealthContext;
    const found = (await permissions.run(deps)).find(({ message }) =>
      message.startsWith(stage.paths.database),
    );
    expect(found).toMatchObject({
      code: 'vault_not_writable',
      message: expect.stringContaining('read-only'),
      remedy: expect.stringContaining(`findmnt -T ${stage.paths.database}`),
    });
  } finally {
    await stage.close();
  }
});

import { describe, expect, it } from 'vitest';
import { agentSocketPath } from '../../../src/system/agent/agent-socket.js';

describe('where the agent listens', () => {
  const at = (data: string, platform: NodeJS.Platform = 'linux') =>
    agentSocketPath({ data }, { platform, uid: 1000 });

  it('is in the folder of the vault, so that everybody who finds the vault finds it', () => {
    expect(at('/home/ada/.local/share/token-vault')).toBe(
      '/home/ada/.local/share/token-vault/agent/agent.sock',
    );
  });

  it.each([
    ['linux', 107],
    ['darwin', 103],
  ] as const)(
    'is in a folder of the user in /tmp on %s where that would be longer than %d bytes',
    (platform, most) => {
      const room = most - '/agent/agent.sock'.length;
      const fits = `/${'d'.repeat(room - 1)}`;
      expect(at(fits, platform)).toBe(`${fits}/agent/agent.sock`);
      expect(at(`${fits}d`, platform)).toMatch(/^\/tmp\/token-vault-1000\/[0-9a-f]{32}\.sock$/);
      expect(at(`/${'d'.repeat(room - 2)}ü`, platform)).toMatch(/^\/tmp\//);
      expect(at(`${fits}d`, platform)).not.toBe(at(`${fits}e`, platform));
    },
  );

  it('is nowhere on Windows', () => {
    expect(() => agentSocketPath({ data: 'C:\\' }, { platform: 'win32', uid: undefined })).toThrow(
      /Unix sockets/,
    );
  });
});

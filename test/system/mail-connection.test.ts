import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { connectMail } from '../../src/system/mail-connection.js';
import { serveRaw } from '../doubles/local-server.js';

const never = new AbortController().signal;
const ended: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(ended.splice(0).map((close) => close()));
});

async function connected(script: (socket: Socket) => void, signal = never) {
  const server = await serveRaw(script);
  ended.push(() => server.close());
  return connectMail({ host: '127.0.0.1', port: server.port, startTls: true }, signal);
}

describe('a connection to a mail server', () => {
  it('reads lines, however they arrive', async () => {
    const connection = await connected((socket) => {
      socket.write('+OK B\u00fc');
      setTimeout(() => socket.write('ro\r\n- two\nthree\r\n'), 20);
    });
    expect([await connection.line(), await connection.line(), await connection.line()]).toEqual([
      '+OK B\u00fcro',
      '- two',
      'three',
    ]);
    connection.close();
  });

  it('reads what arrived before the server closed it, and then fails', async () => {
    const connection = await connected((socket) => void socket.end('* BYE\r\n'));
    expect(await connection.line()).toBe('* BYE');
    await expect(connection.line()).rejects.toMatchObject({ reason: 'reset' });
  });

  it('takes nothing that was sent before TLS for an answer inside it', async () => {
    const connection = await connected((socket) => void socket.write('a OK\r\n* injected\r\n'));
    expect(await connection.line()).toBe('a OK');
    await expect(connection.secure()).rejects.toMatchObject({ reason: 'malformed' });
  });

  it('fails when the server sends more than it can have to say', async () => {
    const connection = await connected((socket) => void socket.write('x'.repeat(1_100_000)));
    await expect(connection.line()).rejects.toMatchObject({ reason: 'too_large' });
  });

  it('ends when the program is interrupted', async () => {
    const controller = new AbortController();
    const connection = await connected(() => undefined, controller.signal);
    setTimeout(() => controller.abort(new Error('interrupted')), 20);
    await expect(connection.line()).rejects.toThrow('interrupted');
  });

  it('is not made where nothing listens', async () => {
    const server = await serveRaw(() => undefined);
    await server.close();
    const there = { host: '127.0.0.1', port: server.port, startTls: false };
    await expect(connectMail(there, never)).rejects.toMatchObject({ reason: 'refused', sent: 'no' });
  });
});

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { afterEach, expect, it } from 'vitest';
import { CLIENTS, clientOf } from './clients.js';

/** A server with a thread of its own, so that it can answer while this one stands still. */
const SERVER = `
  const { createServer } = require('node:http');
  const { parentPort } = require('node:worker_threads');
  const server = createServer((request, response) => {
    parentPort.postMessage('asked');
    setTimeout(() => response.end('in time'), 100);
  });
  server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
`;
const DEADLINE = 1_000;

let server: Worker;
afterEach(() => server.terminate());

it.each(CLIENTS)(
  '%s: an answer that came in time is read even by a process that was held up',
  async (_, acceptPart) => {
    server = new Worker(SERVER, { eval: true });
    const [port] = (await once(server, 'message')) as [number];
    const http = clientOf(acceptPart);
    const asked = once(server, 'message').then(() => {
      // As a stopped process, or one among too many, stands still.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1.5 * DEADLINE);
    });
    const request = {
      method: 'GET' as const,
      url: `http://127.0.0.1:${port}/`,
      headers: {},
      deadline: DEADLINE,
    };
    const [answer] = await Promise.all([http.send(request), asked]);
    expect(answer.body).toBe('in time');
    await http.close();
  },
);

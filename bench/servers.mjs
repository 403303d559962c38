import { once } from 'node:events';
import { createServer } from 'node:http';

/**
 * A token endpoint on loopback that grants everything and rotates refresh tokens. `/20/token` answers after 20 ms.
 *
 * @returns {Promise<{ endpoint: (delay: number) => string, requests: () => number, close: () => void }>}
 */
export async function startTokenServer() {
  let requests = 0;
  const answerTo = (number) =>
    JSON.stringify({
      access_token: `access-token-example-${number}-${'x'.repeat(200)}`,
      refresh_token: `refresh-token-example-${number}-${'x'.repeat(80)}`,
      token_type: 'Bearer',
      expires_in: 3600,
    });
  const server = await listening(createServer(answering), [0, '127.0.0.1']);

  function answering(request, response) {
    const delay = Number(request.url.split('/')[1]);
    request.resume().on('end', () => {
      requests += 1;
      const answer = answerTo(requests);
      response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' });
      if (delay === 0) response.end(answer);
      else setTimeout(() => response.end(answer), delay);
    });
  }

  return {
    endpoint: (delay) => `http://127.0.0.1:${server.address().port}/${delay}/token`,
    requests: () => requests,
    close: () => close(server),
  };
}

/**
 * A server on a Unix socket that gives every request the same text: the least there is to ask with curl.
 *
 * @param {string} path
 * @returns {Promise<{ close: () => void }>}
 */
export async function startTextServer(path) {
  const server = await listening(
    createServer((_, response) => response.end(`access-token-example-${'x'.repeat(200)}\n`)),
    [path],
  );
  return { close: () => close(server) };
}

async function listening(server, where) {
  server.listen(...where);
  await once(server, 'listening');
  return server;
}

function close(server) {
  server.close();
  server.closeAllConnections();
}

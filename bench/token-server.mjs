import { createServer } from 'node:http';

/**
 * A token endpoint on loopback that grants everything and rotates refresh tokens.
 *
 * @returns {Promise<{ endpoint: string, requests: () => number, close: () => Promise<void> }>}
 */
export async function startTokenServer() {
  let requests = 0;
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      requests += 1;
      const answer = {
        access_token: `access-token-example-${requests}-${'x'.repeat(200)}`,
        refresh_token: `refresh-token-example-${requests}-${'x'.repeat(80)}`,
        token_type: 'Bearer',
        expires_in: 3600,
      };
      response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' });
      response.end(JSON.stringify(answer));
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${server.address().port}/token`,
    requests: () => requests,
    close: () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      }),
  };
}

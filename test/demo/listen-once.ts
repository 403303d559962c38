import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A listener for one callback. */
export async function listenOnce(): Promise<{
  readonly redirectUri: string;
  readonly callback: Promise<URL>;
}> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const redirectUri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/callback`;
  const callback = new Promise<URL>((resolve) => {
    server.once('request', (request, response) => {
      response.end('done');
      server.close();
      resolve(new URL(request.url ?? '/', redirectUri));
    });
  });
  return { redirectUri, callback };
}

import { TransportFailure } from '../../../src/domain/transport.js';
import { createHttp } from '../../../src/system/http/http.js';

// A program that sends one request and prints what became of it.
const [url = '', deadline = ''] = process.argv.slice(2);
const http = createHttp({ env: {} });
try {
  const { status, body } = await http.send({ method: 'GET', url, headers: {}, deadline: Number(deadline) });
  process.stdout.write(JSON.stringify({ status, body }));
} catch (failure) {
  if (!(failure instanceof TransportFailure)) throw failure;
  const { reason, sent, cause } = failure;
  // Time for a request that was given up to be sent after all.
  await new Promise((resolve) => setTimeout(resolve, Number(process.env['LINGER'] ?? 0)));
  process.stdout.write(JSON.stringify({ reason, sent, cause: String(cause) }));
}
await http.close();

import { TransportFailure } from '../../../src/domain/transport.js';
import { CLIENTS, clientOf } from './clients.js';

// A program that sends one request of each kind and prints what became of them.
const [url = '', deadline = ''] = process.argv.slice(2);
const ends = await Promise.all(CLIENTS.map(([, acceptPart]) => sendBy(acceptPart)));
process.stdout.write(JSON.stringify(ends));

async function sendBy(acceptPart: boolean) {
  const http = clientOf(acceptPart, process.env);
  try {
    const { status, body } = await http.send({ method: 'GET', url, headers: {}, deadline: Number(deadline) });
    return { status, body };
  } catch (failure) {
    if (!(failure instanceof TransportFailure)) throw failure;
    const { reason, sent, certificate, cause } = failure;
    // Time for a request that was given up to be sent after all.
    await new Promise((resolve) => setTimeout(resolve, Number(process.env['LINGER'] ?? 0)));
    return { reason, sent, certificate, cause: String(cause) };
  } finally {
    await http.close();
  }
}

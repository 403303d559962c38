// The least that sends as many refresh requests at the same width: undici and nothing else, nothing stored.
const { Agent } = require('undici');

const [endpoint, total, width] = process.argv.slice(2);
const { origin, pathname } = new URL(endpoint);
const agent = new Agent({ connections: Number(width) });
const headers = { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' };

main();

async function main() {
  let next = 0;
  const worker = async () => {
    while (next < Number(total)) {
      const body = `grant_type=refresh_token&refresh_token=refresh-token-example-${next++}&client_id=bench`;
      const answer = await agent.request({ origin, path: pathname, method: 'POST', headers, body });
      const { access_token: token } = await answer.body.json();
      if (typeof token !== 'string') throw new Error('the server gave no token');
    }
  };
  await Promise.all(Array.from({ length: Number(width) }, worker));
  await agent.close();
}

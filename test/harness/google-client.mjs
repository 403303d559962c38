// A program of a user of Google's library. It prints what it got, tokens as digests, and waits for a line before each further one.
import { createHash } from 'node:crypto';
import { createInterface } from 'node:readline';
import { GoogleAuth } from 'google-auth-library';

const [userinfo] = process.argv.slice(2);
const client = await new GoogleAuth({
  scopes: ['https://www.googleapis.com/auth/cloud-platform'],
}).getClient();

async function tell() {
  try {
    const { token } = await client.getAccessToken();
    const { status } = await fetch(userinfo, { headers: { authorization: `Bearer ${token}` } });
    const digest = createHash('sha256').update(token).digest('hex');
    console.log(JSON.stringify({ kind: client.constructor.name, digest, status }));
  } catch (failure) {
    console.log(JSON.stringify({ failure: failure.response?.data ?? failure.message }));
  }
}

console.log(
  JSON.stringify({ host: process.env.GCE_METADATA_HOST, variable: process.env.ACCESS_TOKEN ?? null }),
);
await tell();
for await (const _ of createInterface({ input: process.stdin })) await tell();

// A program of a user of Google's library, with the credentials that GOOGLE_APPLICATION_CREDENTIALS names.
import { GoogleAuth } from 'google-auth-library';

const scopes = ['https://www.googleapis.com/auth/cloud-platform'];
try {
  const client = await new GoogleAuth({ scopes }).getClient();
  const { token } = await client.getAccessToken();
  console.log(JSON.stringify({ kind: client.constructor.name, token }));
} catch (failure) {
  console.log(JSON.stringify({ failure: failure.message }));
}

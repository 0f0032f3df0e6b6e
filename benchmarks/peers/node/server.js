// The provider with opaque tokens, one client and one resource server. For each line on its standard input, a number, it
// prints that many fresh refresh tokens as one line of JSON: what a person's consent would have led to.

import { generateKeyPairSync } from 'node:crypto';
import { createInterface } from 'node:readline';
import Redis from 'ioredis';
import Provider from 'oidc-provider';
import { adapterOver } from './redis_adapter.js';

const { PORT, REDIS_URL, SECRET, SCOPE, RESOURCE, REDIRECT_URI } = process.env;
const DAY = 86_400;
const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });

const provider = new Provider(`http://localhost:${PORT}`, {
  adapter: adapterOver(new Redis(REDIS_URL)),
  clients: [
    {
      client_id: 'benchmark',
      client_secret: SECRET,
      grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
      redirect_uris: [REDIRECT_URI],
      token_endpoint_auth_method: 'client_secret_basic',
    },
    { client_id: 'moogle-fit', client_secret: SECRET, grant_types: [], response_types: [], redirect_uris: [] },
  ],
  clientDefaults: { id_token_signed_response_alg: 'ES256' },
  cookies: { keys: [SECRET] },
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    introspection: { enabled: true, allowedPolicy: (_, client) => client.clientId === 'moogle-fit' },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => RESOURCE,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({ scope: SCOPE, audience: RESOURCE, accessTokenFormat: 'opaque' }),
    },
  },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  jwks: { keys: [{ ...key, use: 'sig', alg: 'ES256' }] },
  rotateRefreshToken: true,
  scopes: ['offline_access', SCOPE],
  ttl: { AccessToken: 3_600, ClientCredentials: 3_600, Grant: DAY, RefreshToken: DAY },
});

async function refreshToken(client) {
  const grant = new provider.Grant({ accountId: 'mo', clientId: client.clientId });
  grant.addResourceScope(RESOURCE, SCOPE);
  const token = new provider.RefreshToken({
    accountId: 'mo',
    client,
    grantId: await grant.save(),
    gty: 'authorization_code',
    resource: RESOURCE,
    scope: SCOPE,
  });
  return token.save();
}

provider.listen(Number(PORT), '127.0.0.1');
const client = await provider.Client.find('benchmark');
for await (const line of createInterface({ input: process.stdin })) {
  const tokens = [];
  while (tokens.length < Number(line)) tokens.push(await refreshToken(client));
  console.log(JSON.stringify(tokens));
}

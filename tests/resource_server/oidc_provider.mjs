import Provider from 'oidc-provider';
const port = Number(process.argv[2]);
const issuer = `http://127.0.0.1:${port}`;
const provider = new Provider(issuer, {
  clients: [
    { client_id: 'app', client_secret: 'app-secret', grant_types: ['client_credentials'], redirect_uris: [], response_types: [] },
    {
      client_id: 'signer', token_endpoint_auth_method: 'private_key_jwt', token_endpoint_auth_signing_alg: 'ES256',
      jwks: { keys: [JSON.parse(process.argv[3])] }, grant_types: [], redirect_uris: [], response_types: [],
    },
    { client_id: 'journal', client_secret: 'a secret', grant_types: [], redirect_uris: [], response_types: [] },
  ],
  scopes: ['journal:read', 'journal:write'],
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    introspection: { enabled: true, allowedPolicy: () => true },
    revocation: { enabled: true, allowedPolicy: () => true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => 'https://journal.example/',
      getResourceServerInfo: (ctx, resource) => ({ scope: 'journal:read journal:write', audience: resource, accessTokenTTL: 600, accessTokenFormat: 'opaque' }),
    },
  },
});
provider.listen(port, '127.0.0.1', () => console.log('ready'));

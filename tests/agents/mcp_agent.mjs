// An agent with an official TypeScript SDK. `node mcp_agent.mjs client|sdk SERVER OPTIONS`, then a line of JSON for each
// call: {"tool", "arguments", "outage"}. It says {"open"} where its person has to decide, and hears {"came_back"}.
import { createInterface } from "node:readline";

const [, , kind, server, given] = process.argv;
const options = JSON.parse(given);
const { Client, StreamableHTTPClientTransport } =
  kind === "client"
    ? await import("@modelcontextprotocol/client")
    : {
        ...(await import("@modelcontextprotocol/sdk/client/index.js")),
        ...(await import("@modelcontextprotocol/sdk/client/streamableHttp.js")),
      };
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const say = (told) => console.log(JSON.stringify(told));
const hear = async () => JSON.parse((await lines.next()).value ?? "null");

let tokens, verifier, opened, outage;
let information = options.client_id && { client_id: options.client_id };
const provider = {
  redirectUrl: options.redirect_uri,
  clientMetadataUrl: options.document,
  clientMetadata: {
    client_name: "Agent",
    redirect_uris: [options.redirect_uri],
    grant_types: ["authorization_code", "refresh_token"],
    token_endpoint_auth_method: "none",
  },
  state: () => "a state",
  clientInformation: () => information,
  saveClientInformation: (saved) => void (information = saved),
  tokens: () => tokens,
  saveTokens: (saved) => void (tokens = saved),
  redirectToAuthorization: (url) => void (opened = url.href),
  saveCodeVerifier: (saved) => void (verifier = saved),
  codeVerifier: () => verifier,
  invalidateCredentials: (what) => {
    if (["all", "tokens"].includes(what)) tokens = undefined;
    if (["all", "client"].includes(what)) information = undefined;
  },
};
const fetched = async (url, init) => {
  if (!outage || !String(url).endsWith("/token")) return fetch(url, init);
  if (outage.status === 0) throw new TypeError("fetch failed");
  return new Response(outage.body, { status: outage.status, headers: outage.headers });
};

const connect = async () => {
  const transport = new StreamableHTTPClientTransport(new URL(server), { authProvider: provider, fetch: fetched });
  const about = { name: "agent", version: "1" };
  const client = new Client(about, kind === "client" ? { versionNegotiation: { mode: "auto" } } : {});
  return { transport, client };
};

const call = async ({ tool, arguments: args }) => {
  for (let round = 0; round < 3; round++) {
    const { transport, client } = await connect();
    opened = undefined;
    try {
      await client.connect(transport);
      return await client.callTool({ name: tool, arguments: args });
    } catch (error) {
      if (!opened) throw error;
      say({ open: opened });
      const { came_back } = await hear();
      if (!came_back) throw error;
      const answer = new URL(came_back).searchParams;
      await (kind === "client" ? transport.finishAuth(answer) : transport.finishAuth(answer.get("code")));
    } finally {
      await client.close();
    }
  }
  throw new Error("asked too often");
};

for (let asked = await hear(); asked; asked = await hear()) {
  outage = asked.outage;
  let told;
  try {
    told = { result: await call(asked) };
  } catch (error) {
    told = { error: `${error.name}: ${error.message}` };
  }
  say({ ...told, tokens: tokens ?? null, client: information ?? null });
}
process.exit(0);

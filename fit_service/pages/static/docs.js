// Shows the OpenAPI document with Swagger UI, whose “Authorize” asks our authorization server for a token (code, PKCE).
"use strict";

const page = document.getElementById("docs");
const { issuer, clientId, callback } = page.dataset;

function prepare(request) {
  delete request.headers["X-Requested-With"]; // the authorization server allows no header that nobody needs
  if (request.url === `${issuer}/token`) {
    const form = new URLSearchParams(request.body);
    form.delete("client_secret"); // a page has none, and Swagger UI sends an empty one
    request.body = form.toString();
  }
  return request;
}

document.documentElement.classList.toggle("dark-mode", matchMedia("(prefers-color-scheme: dark)").matches);

// A token that nobody needs any more shall be worth nothing.
const revokeAtLogout = {
  statePlugins: {
    auth: {
      wrapActions: {
        logout: (forget, system) => (names) => {
          for (const name of names) {
            const token = system.authSelectors.authorized().getIn([name, "token", "access_token"]);
            fetch(`${issuer}/revoke`, { method: "POST", body: new URLSearchParams({ token, client_id: clientId }) });
          }
          return forget(names);
        },
      },
    },
  },
};

const withoutAuthorize = { wrapComponents: { authorizeBtn: () => () => null, authorizeOperationBtn: () => () => null } };

window.ui = SwaggerUIBundle({
  url: page.dataset.document,
  domNode: page,
  oauth2RedirectUrl: new URL(callback, location.href).href,
  requestInterceptor: prepare,
  plugins: [clientId ? revokeAtLogout : withoutAuthorize],
  deepLinking: true,
  displayRequestDuration: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  tryItOutEnabled: true,
  supportedSubmitMethods: clientId ? ["get", "post", "patch", "delete"] : [],
  validatorUrl: null, // else it would ask a server elsewhere
});
if (clientId) {
  window.ui.initOAuth({ clientId, scopes: "body_weight:read body_weight:write", usePkceWithAuthorizationCodeGrant: true });
}

// The window in which the person decided can't reach the one that opened it: the authorization server's pages forbid it
// (Cross-Origin-Opener-Policy). So our callback page says here with what it was called.
new BroadcastChannel("docs-callback").onmessage = ({ data }) => {
  const answer = new URLSearchParams(data);
  const waiting = window.swaggerUIRedirectOauth2;
  if (!waiting || answer.get("state") !== waiting.state) {
    return; // meant for the same page in another tab
  }
  delete window.swaggerUIRedirectOauth2;
  const { auth, redirectUrl } = waiting;
  if (answer.get("iss") === issuer && answer.has("code")) {
    waiting.callback({ auth: { ...auth, code: answer.get("code") }, redirectUrl });
  } else {
    const message = answer.get("error_description") || answer.get("error") || "This answer came from somebody else.";
    waiting.errCb({ authId: auth.name, source: "auth", level: "error", message });
  }
};

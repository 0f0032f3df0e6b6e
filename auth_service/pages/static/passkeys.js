// A form that has `data-passkey` is sent with what an authenticator answers: to its button, or to the autofill of the
// page that signs in. Where the browser can't do that, the form stays hidden.
const form = document.querySelector("form[data-passkey]");
const adds = form.dataset.passkey === "create";
const read = window.PublicKeyCredential?.[adds ? "parseCreationOptionsFromJSON" : "parseRequestOptionsFromJSON"];
const renewed = 600_000; // ms, before the server forgets what it asked
let asking = new AbortController();

async function ask(mediation) {
  asking.abort();
  asking = new AbortController();
  const { signal } = asking;
  const headers = { "X-CSRFToken": form.elements.csrf_token.value };
  const options = await (await fetch(form.dataset.options, { method: "POST", headers, signal })).json();
  const publicKey = read.call(PublicKeyCredential, options);
  const answer = await navigator.credentials[form.dataset.passkey]({ publicKey, signal, mediation });
  form.elements.answer.value = JSON.stringify(answer);
  document.getElementById("remember")?.setAttribute("form", form.id); // the box of the form above counts for both
  form.submit();
}

async function offer() {
  if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
  setTimeout(offer, renewed);
  ask("conditional").catch(() => {}); // nobody chose one: the page stays as it is
}

if (read) {
  const failed = form.querySelector("[role=alert]");
  form.hidden = false;
  for (const other of document.querySelectorAll("[data-without-passkeys]")) other.hidden = true;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    failed.hidden = true;
    ask().catch((error) => { failed.hidden = error.name === "AbortError"; });
  });
  if (!adds) offer();
}

// A button beside each password shows what was typed, and hides it again, at the latest when the form is sent. What it is
// called stands in the page.
const words = document.currentScript.dataset;
for (const field of document.querySelectorAll("input[type=password]")) {
  const name = field.labels[0].textContent;
  const button = document.createElement("button");
  const show = (shown) => {
    field.type = shown ? "text" : "password";
    button.textContent = shown ? words.hide : words.show;
    button.setAttribute("aria-label", `${button.textContent}: ${name}`);
  };
  button.type = "button";
  button.className = "show second";
  button.addEventListener("click", () => show(field.type === "password"));
  field.form.addEventListener("submit", () => show(false));
  field.spellcheck = false;
  const row = document.createElement("div");
  row.className = "password";
  field.replaceWith(row);
  row.append(field, button);
  if (field.autofocus) field.focus();
  show(false);
}

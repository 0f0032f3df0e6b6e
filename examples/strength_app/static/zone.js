// Tells the server once in which time zone the person is, so that times are shown as the clock shows them.
const form = document.querySelector("form[data-zone]");
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (form && !form.dataset.zone && [...form.elements.zone.options].some((option) => option.value === zone)) {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `zone=${zone}; Max-Age=31536000; Path=/; SameSite=Lax${secure}`;
  if (document.cookie.includes("zone=") && zone !== form.elements.zone.value) location.reload();
}

// Times stand in the page in UTC. Here they become the reader's, in the language of the page: in words, with the exact
// time on hover; exact; or as the day.
const spoken = document.documentElement.lang;
const language = navigator.languages.find((tag) => tag.split("-")[0] === spoken) ?? spoken; // with the reader's region
const exact = new Intl.DateTimeFormat(language, { dateStyle: "long", timeStyle: "long" });
const clock = new Intl.DateTimeFormat(language, { timeStyle: "short" });
const weekday = new Intl.DateTimeFormat(language, { dateStyle: "full" });
const day = new Intl.DateTimeFormat(language, { dateStyle: "long" });
const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
const units = [["year", 31_556_952], ["month", 2_629_746], ["day", 86_400], ["hour", 3_600], ["minute", 60], ["second", 1]]; // in seconds

function inWords(instant) {
  const seconds = (instant - Date.now()) / 1_000;
  const [unit, size] = units.find(([, size]) => Math.abs(seconds) >= size) ?? ["second", 1];
  return relative.format(Math.trunc(seconds / size), unit);
}

const forms = {
  words: inWords,
  second: (instant) => exact.format(instant),
  day: (instant) => day.format(instant),
  time: (instant) => clock.format(instant),
};
for (const time of document.querySelectorAll("time[data-as]")) {
  const instant = new Date(time.dateTime);
  time.textContent = forms[time.dataset.as](instant);
  time.title = exact.format(instant);
}
for (const said of document.querySelectorAll("[data-utc]")) said.remove();

// Sections that have a day each begin anew where the reader's days do.
const sections = [...document.querySelectorAll("section[data-day]")];
const lines = sections.flatMap((section) => [...section.querySelectorAll("li")]);
let list = null, last = null;
for (const line of lines) {
  const name = weekday.format(new Date(line.querySelector("time").dateTime));
  if (name !== last) {
    const section = sections[0].cloneNode(true);
    section.querySelector("h2").textContent = last = name;
    list = section.querySelector("ul");
    list.replaceChildren();
    sections[0].before(section);
  }
  list.append(line);
}
for (const section of sections) section.remove();

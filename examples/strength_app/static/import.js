// A file can be dropped, and its upload has a progress bar. Without this, the form works as any other.
const form = document.querySelector("form.drop");
const [hint, problem, bar] = ["[data-drop]", "[data-problem]", "progress"].map((each) => form.querySelector(each));
hint.hidden = false;

function tell(text) {
  problem.textContent = text;
  problem.hidden = !text;
}

for (const kind of ["dragenter", "dragover", "dragleave", "drop"]) {
  form.addEventListener(kind, (event) => {
    event.preventDefault();
    form.classList.toggle("over", kind === "dragenter" || kind === "dragover");
    if (kind === "drop" && event.dataTransfer.files.length) {
      form.elements.file.files = event.dataTransfer.files;
      form.requestSubmit();
    }
  });
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const [file] = form.elements.file.files;
  if (file.size > Number(form.dataset.limit)) return tell("That file is larger than this app takes.");
  tell("");
  const request = new XMLHttpRequest();
  request.open("POST", form.action);
  request.upload.onprogress = (progress) => { bar.hidden = false; bar.value = progress.loaded / progress.total; };
  request.onload = () => {
    if (request.status < 400) location = request.responseURL;
    else tell("The upload did not work. Open this page again and repeat it.");
  };
  request.onerror = () => tell("The upload was interrupted. Try it again.");
  request.send(new FormData(form));
});

// <form data-download="#above #codes #below" data-filename="codes.txt">: saves the texts of these elements as a file.
// They are in the page, so the server is not asked again.
const textOf = (source) => (source.value ?? (source.matches("pre") ? source.textContent : source.innerText)).trim();

for (const form of document.querySelectorAll("[data-download]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    event.stopPropagation(); // nothing is sent, so form.js has nothing to wait for
    const sources = form.dataset.download.split(" ").map((name) => document.querySelector(name));
    const text = `${sources.map(textOf).join("\n\n")}\n`;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/plain;charset=utf-8" }));
    link.download = form.dataset.filename;
    link.click();
    URL.revokeObjectURL(link.href);
  });
}

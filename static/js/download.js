// <button data-download="#id" data-filename="codes.txt" hidden>: saves the text of #id as a file.
for (const button of document.querySelectorAll("[data-download]")) {
  const source = document.querySelector(button.dataset.download);
  button.hidden = false;
  button.addEventListener("click", () => {
    const text = `${source.value ?? source.innerText.trim()}\n`;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
    link.download = button.dataset.filename;
    link.click();
    URL.revokeObjectURL(link.href);
  });
}

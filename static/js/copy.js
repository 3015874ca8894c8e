// <button data-copy="#id" hidden>: copies the text of #id (or its data-value) and says so, also in the [role=status] behind
// it: inside the button that would take its name away.
for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) break;
  const source = document.querySelector(button.dataset.copy);
  const word = button.querySelector("span");
  const status = button.nextElementSibling;
  const before = word.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(source.dataset.value ?? source.value ?? source.innerText.trim());
    word.textContent = status.textContent = button.dataset.done;
    setTimeout(() => { word.textContent = before; status.textContent = ""; }, 2000);
  });
}

// Comforts for forms: start at the first mistake, show a password, wait for a choice, grey out what a box replaces.
document.querySelector('[aria-invalid="true"]:not([autofocus])')?.focus();

for (const button of document.querySelectorAll("[data-reveal]")) {
  const field = document.getElementById(button.dataset.reveal);
  const word = button.firstChild;
  const show = word.data;
  button.hidden = false;
  button.addEventListener("click", () => {
    const visible = field.type === "password";
    field.type = visible ? "text" : "password";
    word.data = visible ? button.dataset.hide : show;
  });
  // Browsers offer to keep what is sent in a password field only.
  field.form.addEventListener("submit", () => { field.type = "password"; });
}

for (const form of document.querySelectorAll("form[data-needs]")) {
  const button = form.querySelector("button[type=submit]");
  const update = () => { button.disabled = !form.querySelector(`[name="${form.dataset.needs}"]:checked`); };
  form.addEventListener("change", update);
  window.addEventListener("pageshow", update);
  update();
}

for (const box of document.querySelectorAll("[data-disables]")) {
  const field = document.getElementById(box.dataset.disables);
  const update = () => { field.disabled = box.checked; };
  box.addEventListener("change", () => {
    if (box.checked) field.value = "";
    update();
    if (!box.checked) field.focus();
  });
  window.addEventListener("pageshow", update);
  update();
}

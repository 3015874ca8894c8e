// Comforts for forms: send once, start at the first mistake, show a password, grey out what a box replaces.

// Of a double click the first counts. The second would be sent with a session key that the first has replaced, and its
// answer would take the place of the one with the codes. Nothing is `disabled`: that would take a button's own value
// out of what is sent and the focus away, and Firefox would keep it over a reload.
const MILLISECONDS_TO_ANSWER = 10000; // afterwards somebody who stopped loading may try again

function markSent(form, isSent) {
  form.toggleAttribute("data-sent", isSent);
  for (const element of form.elements) {
    if (element.type === "submit") element.ariaDisabled = isSent ? "true" : null;
  }
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.getAttribute("method") !== "post") return;
  if (form.hasAttribute("data-sent")) {
    event.preventDefault();
    return;
  }
  markSent(form, true);
  setTimeout(markSent, MILLISECONDS_TO_ANSWER, form, false);
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) markSent(form, false);
});

document.querySelector("[data-focus]")?.focus({ preventScroll: true }); // what stands above it is read first
document.querySelector('[aria-invalid="true"]')?.focus();

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

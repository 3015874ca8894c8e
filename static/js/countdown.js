// "Send again" waits as long as the server would make it wait; the seconds are counted down.
for (const button of document.querySelectorAll("[data-wait]")) {
  const note = button.parentElement.querySelector("[data-countdown]");
  let left = Number(button.dataset.wait);
  if (!left || !note) continue;
  button.disabled = true;
  const timer = setInterval(() => {
    left -= 1;
    note.textContent = note.textContent.replace(/\d+/, String(Math.max(left, 0)));
    if (left <= 0) {
      clearInterval(timer);
      note.remove();
      button.disabled = false;
    }
  }, 1000);
}

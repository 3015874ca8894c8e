// Menus are <details class="menu">: they open without this. It closes them on Escape, on a click elsewhere and on leaving.
const open = () => document.querySelectorAll("details.menu[open]");

function closeOutside(event) {
  for (const menu of open()) {
    if (!menu.contains(event.target)) menu.open = false;
  }
}

document.addEventListener("click", closeOutside);
document.addEventListener("focusin", closeOutside);
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of open()) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// <a href data-dialog="id">: opens that <dialog> instead of the page it leads to; Escape and [data-close] close it, and
// the browser gives the focus back.
document.addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return; // a tab of its own
  const link = event.target.closest("[data-dialog], dialog [data-close]");
  if (!link) return;
  event.preventDefault();
  const { dialog } = link.dataset;
  if (dialog) document.getElementById(dialog).showModal();
  else link.closest("dialog").close();
});

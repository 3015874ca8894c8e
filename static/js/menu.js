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

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

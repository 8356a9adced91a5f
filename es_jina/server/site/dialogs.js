// @ts-check
/** What all small dialogs have in common. */

/**
 * Let a dialog be closed by its button and by a click beside it; Escape does so anyway.
 * @param {HTMLDialogElement} dialog
 */
export function closable(dialog) {
  const button = dialog.querySelector("button.shut");
  if (button instanceof HTMLButtonElement) button.onclick = () => dialog.close();
  dialog.onpointerdown = (event) => {
    if (event.target === dialog) dialog.close();
  };
}

// @ts-check
/** Dropping and pasting anywhere on the page. */

import { byId } from "./dom.js";

/**
 * @param {DataTransfer | null} transfer
 * @returns {File[]} its files, without folders.
 */
export function filesOf(transfer) {
  const items = Array.from(transfer?.items ?? []).filter((item) => item.kind === "file");
  const files = items.filter((item) => !item.webkitGetAsEntry?.()?.isDirectory);
  return files.map((item) => item.getAsFile()).filter((file) => file !== null);
}

/**
 * @param {DataTransfer | null} transfer
 * @returns {string} the web address that it holds; empty for none.
 */
function addressOf(transfer) {
  const given = transfer?.getData("text/uri-list").split("\n")[0].trim() ?? "";
  return /^https?:/i.test(given) ? given : "";
}

/**
 * @typedef {object} Uses
 * @property {(file: File) => void} search by a picture.
 * @property {((address: string) => void) | null} searchAddress by a picture elsewhere.
 * @property {((files: File[]) => void) | null} add files to the index.
 */

/**
 * Take what is dropped or pasted anywhere.
 * @param {() => Uses} uses what can be done with it now.
 */
export function takeDrops(uses) {
  const cover = byId("dropping", HTMLElement);
  const adds = byId("drop-add", HTMLElement);
  let own = false; // one of our own links or pictures is dragged

  /** @param {DragEvent} event */
  const isOurs = (event) => {
    const types = event.dataTransfer?.types ?? [];
    const address = types.includes("text/uri-list") && uses().searchAddress;
    return Boolean(!own && (types.includes("Files") || address));
  };
  document.addEventListener("dragstart", () => (own = true));
  document.addEventListener("dragend", () => (own = false));
  document.addEventListener("dragover", (event) => {
    if (!isOurs(event)) return;
    event.preventDefault();
    cover.hidden = false;
    adds.hidden = !uses().add || !event.dataTransfer?.types.includes("Files");
    for (const area of cover.children) area.classList.toggle("over", area.contains(asNode(event)));
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) cover.hidden = true;
  });
  document.addEventListener("drop", (event) => {
    if (!isOurs(event)) return;
    event.preventDefault();
    cover.hidden = true;
    const files = filesOf(event.dataTransfer);
    if (adds.contains(asNode(event))) uses().add?.(files);
    else if (files.length) uses().search(files[0]);
    else uses().searchAddress?.(addressOf(event.dataTransfer));
  });
  document.addEventListener("paste", (event) => {
    const [file] = filesOf(event.clipboardData);
    if (!file) return; // words go where the cursor is
    event.preventDefault();
    uses().search(file);
  });
}

/** @param {Event} event */
function asNode(event) {
  return event.target instanceof Node ? event.target : null;
}

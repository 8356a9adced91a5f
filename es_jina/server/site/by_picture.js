// @ts-check
/** Searching by a picture: one that is dropped, pasted or chosen, or the address of one. */

import { closable } from "./dialogs.js";
import { byId } from "./dom.js";
import { STEP } from "./state.js";
import { showTrouble } from "./trouble.js";

/** @typedef {import("./wire.js").Served} Served */

export class ByPicture {
  #dialog = byId("picture", HTMLDialogElement);
  #problem = byId("picture-problem", HTMLElement);
  #most = Infinity;

  /**
   * @param {import("./state.js").History} history
   * @param {import("./asked_pictures.js").AskedPictures} pictures
   */
  constructor(history, pictures) {
    this.history = history;
    this.pictures = pictures;
    closable(this.#dialog);
    byId("open-picture", HTMLButtonElement).addEventListener("click", () => {
      showTrouble(this.#problem, null);
      this.#dialog.showModal();
    });
    const chosen = byId("picture-file", HTMLInputElement);
    chosen.addEventListener("change", () => {
      const [file] = chosen.files ?? [];
      if (file) void this.search(file);
      chosen.value = "";
    });
    const url = byId("picture-url", HTMLInputElement);
    byId("picture-address", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      this.searchFor(url.value);
      url.value = "";
    });
  }

  /** @param {Served} served */
  offer(served) {
    const { image_bytes, body_bytes } = served.limits;
    // It is sent in base64, within a body.
    this.#most = Math.min(image_bytes, Math.floor((body_bytes - 10_000) * 0.75));
    byId("picture-address", HTMLElement).hidden = !served.fetches_urls;
  }

  /** @param {File} file */
  async search(file) {
    try {
      this.searchFor(await this.pictures.keep(file, this.#most));
    } catch (error) {
      if (!this.#dialog.open) this.#dialog.showModal();
      showTrouble(this.#problem, error);
    }
  }

  /** @param {string} picture its address, or the name that it is kept under. */
  searchFor(picture) {
    if (!picture) return;
    this.#dialog.close();
    const mode = this.history.state.mode === "text" ? "" : this.history.state.mode;
    this.history.go({ q: "", like: "", picture, mode, source: "", shown: STEP, open: "" });
  }
}

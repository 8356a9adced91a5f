// @ts-check
/** The API key, where the server asks for one: kept in this tab, and sent to this server only. */

import { RefusedError } from "./api.js";
import { byId } from "./dom.js";
import { closable } from "./dialogs.js";

const PLACE = "es_jina key";

export class Keys {
  /** @type {Promise<void> | null} */
  #asking = null;

  /** @returns {string} the key that was given; empty where none was. */
  get key() {
    return sessionStorage.getItem(PLACE) ?? "";
  }

  /**
   * Wait for another key than one that the server refused.
   * @param {string} refused
   * @param {string} why the server refused it, in its own words.
   * @throws {RefusedError} nobody gives one.
   */
  async other(refused, why) {
    if (this.key !== refused) return; // given meanwhile, to another request
    this.#asking ??= ask(refused ? `${why} ` : "").finally(() => {
      this.#asking = null;
    });
    await this.#asking;
  }
}

/**
 * @param {string} why
 * @returns {Promise<void>}
 */
function ask(why) {
  const dialog = byId("key", HTMLDialogElement);
  const field = byId("key-value", HTMLInputElement);
  byId("key-told", HTMLElement).textContent = `${why}It is kept in this tab only.`;
  closable(dialog);
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve, reject) => {
    byId("key-form", HTMLFormElement).onsubmit = (event) => {
      event.preventDefault();
      sessionStorage.setItem(PLACE, field.value.trim());
      dialog.close("given");
    };
    dialog.onclose = () => {
      field.value = "";
      if (dialog.returnValue === "given") resolve();
      else reject(new RefusedError(401, "This server answers only with an API key."));
    };
  });
}

// @ts-check
/**
 * Pictures to search by: dropped, pasted, chosen, or named by an address.
 *
 * An address can be kept in a link. What was dropped is kept in memory under a name of its own, for
 * as long as the page is open, so that the back button finds it again.
 */

import { RefusedError } from "./api.js";
import { plain } from "./marks.js";

/** @typedef {{name: string, url: string, data: string}} Dropped */

export class AskedPictures {
  /** @type {Map<string, Dropped>} */
  #dropped = new Map();

  /**
   * @param {File} file
   * @param {number} most bytes that the server takes.
   * @returns {Promise<string>} the name to keep in the state.
   * @throws {RefusedError} it is no picture, or too large.
   */
  async keep(file, most) {
    if (!file.type.startsWith("image/")) {
      throw new RefusedError(400, `“${plain(file.name)}” is no picture.`);
    }
    if (!file.size) throw new RefusedError(400, `“${plain(file.name)}” is empty.`);
    if (file.size > most) {
      const size = `The server takes pictures of at most ${(most / 2 ** 20).toFixed(0)} MB.`;
      throw new RefusedError(400, size);
    }
    const name = `dropped-${this.#dropped.size + 1}-${Date.now().toString(36)}`;
    const url = URL.createObjectURL(file);
    this.#dropped.set(name, { name: plain(file.name) || "A picture", url, data: await dataOf(file) });
    return name;
  }

  /**
   * @param {string} picture of a state.
   * @returns {string} what is sent to the server.
   * @throws {RefusedError} it was dropped before the page was loaded anew.
   */
  sentFor(picture) {
    if (isAddress(picture)) return picture;
    const kept = this.#dropped.get(picture);
    if (!kept && picture.includes(":")) {
      throw new RefusedError(400, "Pictures are read from addresses with http or https alone.");
    }
    if (!kept) throw new RefusedError(400, "That picture was not kept: drop it here again.");
    return kept.data;
  }

  /** @param {string} picture */
  nameOf(picture) {
    return isAddress(picture) ? picture : (this.#dropped.get(picture)?.name ?? "A picture");
  }

  /**
   * @param {string} picture
   * @returns {string} what can be shown here; nothing of other sites is.
   */
  urlOf(picture) {
    return this.#dropped.get(picture)?.url ?? "";
  }
}

/** @param {string} picture */
function isAddress(picture) {
  return /^https?:/i.test(picture);
}

/**
 * @param {File} file
 * @returns {Promise<string>} a data URI.
 */
function dataOf(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(`${reader.result}`);
    reader.onerror = () => reject(new RefusedError(0, `“${plain(file.name)}” cannot be read.`));
    reader.readAsDataURL(file);
  });
}

// @ts-check
/** A few pages of the index on the first page: what the first example finds. */

import { isAbort } from "./api.js";
import { byId, isPlain, make } from "./dom.js";
import { picturePath, Thumbnails } from "./pictures.js";
import { address, read } from "./state.js";

/** @typedef {import("./wire.js").Found} Found */

const PAGES = 7;

/** So many are looked at: some may be the same. */
const LOOKED_AT = 21;

export class Showcase {
  #place = byId("showcase", HTMLElement);
  #running = new AbortController();
  #index = "";

  /**
   * @param {import("./api.js").Api} api
   * @param {import("./state.js").History} history
   */
  constructor(api, history) {
    this.api = api;
    this.history = history;
    this.thumbnails = new Thumbnails(api);
  }

  /**
   * @param {string} index
   * @param {string} query an example.
   */
  async show(index, query) {
    if (index === this.#index) return;
    this.hide();
    this.#index = index;
    const body = { index, query, size: LOOKED_AT, filters: { kind: ["page", "image"] } };
    try {
      /** @type {Found} */
      const { hits } = await this.api.json("v1/search", body, this.#running.signal);
      const pages = hits.filter((hit) => hit.picture);
      const shown = [...new Map(pages.map((hit) => [`${hit.page} ${hit.title}`, hit])).values()];
      this.#place.hidden = !shown.length;
      this.#place.replaceChildren(...shown.slice(0, PAGES).map((hit) => this.#page(hit)));
    } catch (error) {
      if (!isAbort(error)) this.hide(); // it is an ornament
    }
  }

  hide() {
    this.#running.abort();
    this.#running = new AbortController();
    this.#index = "";
    this.thumbnails.clear();
    this.#place.hidden = true;
    this.#place.replaceChildren();
  }

  /** @param {import("./wire.js").Hit} hit */
  #page(hit) {
    const image = make("img", { alt: hit.title || hit.name, draggable: false });
    // By the example's words most were not meant: no heat map of them.
    const changes = { like: hit.ref, open: hit.ref };
    const href = address({ ...read(""), index: this.#index, ...changes });
    const link = make("a", { href }, image);
    link.addEventListener("click", (event) => {
      if (!isPlain(event)) return;
      event.preventDefault();
      this.history.go(changes);
    });
    this.thumbnails.watch(image, picturePath("thumbnails", hit.ref, this.#index));
    return link;
  }
}

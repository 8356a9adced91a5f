// @ts-check
/** The grid of results. */

import { card, skeleton } from "./card.js";
import { byId, isPlain, make } from "./dom.js";
import { picturePath, Thumbnails } from "./pictures.js";
import { address, STEP } from "./state.js";

/**
 * @typedef {import("./wire.js").Hit} Hit
 * @typedef {import("./state.js").State} State
 */

/** What is quicker than this needs no sign of waiting. */
const SOON_MS = 150;

export class Results {
  #grid = byId("grid", HTMLOListElement);
  #after = byId("after", HTMLElement);
  #waiting = 0;
  /** @type {Hit[]} */
  hits = [];
  index = "";
  /** Whether there are more than those. */
  more = false;

  /**
   * @param {import("./api.js").Api} api
   * @param {import("./state.js").History} history
   */
  constructor(api, history) {
    this.thumbnails = new Thumbnails(api);
    this.history = history;
    this.#grid.addEventListener("click", (event) => this.#clicked(event));
  }

  /** Say that results are on their way. */
  wait() {
    this.#grid.setAttribute("aria-busy", "true");
    window.clearTimeout(this.#waiting);
    this.#waiting = window.setTimeout(() => {
      this.clear();
      this.#grid.setAttribute("aria-busy", "true");
      this.#grid.append(...Array.from({ length: STEP }, skeleton));
    }, SOON_MS);
  }

  clear() {
    window.clearTimeout(this.#waiting);
    this.thumbnails.clear();
    this.hits = [];
    this.#grid.setAttribute("aria-busy", "false");
    this.#grid.replaceChildren();
    this.#after.replaceChildren();
  }

  /**
   * @param {Hit[]} hits those that are shown already are left out.
   * @param {State} state that they answer.
   * @param {string} index that they are in.
   */
  append(hits, state, index) {
    this.index = index;
    const known = new Set(this.hits.map((hit) => hit.ref));
    const fresh = hits.filter((hit) => !known.has(hit.ref));
    const items = fresh.map((hit) => this.#item(hit, state));
    this.hits.push(...fresh);
    this.#grid.append(...items);
    return items;
  }

  /** Fetch more results. */
  load() {
    this.history.replace({ shown: this.hits.length + STEP });
  }

  /** Offer more results, or say that there are none. */
  offer() {
    this.#after.replaceChildren();
    if (this.more) {
      const button = make("button", { type: "button", class: "more" }, "Show more");
      button.addEventListener("click", () => this.load());
      this.#after.append(button);
    } else if (!this.hits.length) {
      const told = "Nothing was found. Fewer filters or other words may help.";
      this.#after.append(make("p", { class: "none" }, told));
    }
  }

  /** @param {string} ref */
  has(ref) {
    return this.hits.some((hit) => hit.ref === ref);
  }

  /**
   * @param {string} ref
   * @returns {HTMLElement | null} the result's link.
   */
  linkOf(ref) {
    return this.#grid.querySelector(`[data-ref="${CSS.escape(ref)}"] a.open`);
  }

  /**
   * @param {string} ref
   * @returns {string} the result's thumbnail, if it is there.
   */
  thumbnailOf(ref) {
    const image = this.#grid.querySelector(`[data-ref="${CSS.escape(ref)}"] img.there`);
    return image instanceof HTMLImageElement ? image.src : "";
  }

  /**
   * @param {Hit} hit
   * @param {State} state
   */
  #item(hit, state) {
    const { item, image } = card(hit, {
      open: address({ ...state, open: hit.ref }),
      like: address(likeState(state, hit.ref)),
    });
    if (image) this.thumbnails.watch(image, picturePath("thumbnails", hit.ref, this.index));
    return item;
  }

  /** @param {MouseEvent} event */
  #clicked(event) {
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    const item = link?.closest("li");
    const ref = item?.dataset.ref;
    if (!link || !ref || !isPlain(event)) return;
    event.preventDefault();
    const state = this.history.state;
    this.history.go(link.classList.contains("like") ? likeState(state, ref) : { open: ref });
  }
}

/**
 * @param {State} state
 * @param {string} ref
 * @returns {State} that looks for what is like a result.
 */
export function likeState(state, ref) {
  const mode = state.mode === "text" ? "" : state.mode;
  return { ...state, q: "", picture: "", like: ref, mode, shown: STEP, open: "" };
}

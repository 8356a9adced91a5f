// @ts-check
/** The search box and the example queries below it. */

import { byId, icon, make } from "./dom.js";
import { STEP } from "./state.js";

/** @typedef {import("./state.js").State} State */

export class Box {
  #words = byId("words", HTMLInputElement);
  #picture = byId("asked-picture", HTMLElement);

  /**
   * @param {import("./state.js").History} history
   * @param {import("./asked_pictures.js").AskedPictures} pictures
   */
  constructor(history, pictures) {
    this.history = history;
    this.pictures = pictures;
    byId("box", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      this.ask(this.#words.value.trim());
    });
  }

  /**
   * Look for words; for nothing at all leads back to the first page.
   * @param {string} q
   */
  ask(q) {
    const { like, picture } = this.history.state;
    // What was asked by picture stays where no words were typed.
    const other = q ? { like: "", picture: "" } : { like, picture };
    this.history.go({ q, ...other, source: "", shown: STEP, open: "" });
  }

  /** @param {{query: string}[]} examples */
  offer(examples) {
    const chips = examples.map(({ query }) => {
      const chip = make("button", { type: "button", class: "chip", dir: "auto" }, query);
      chip.addEventListener("click", () => this.ask(query));
      return chip;
    });
    const place = byId("examples", HTMLElement);
    place.hidden = !chips.length;
    place.replaceChildren(make("span", { "aria-hidden": true }, "Try"), ...chips);
  }

  /** @param {State} state */
  show(state) {
    this.#words.value = state.q;
    const asked = state.like || state.picture;
    this.#picture.hidden = !asked;
    this.#picture.replaceChildren();
    if (asked) this.#showPicture(state);
  }

  /** @param {State} state */
  #showPicture(state) {
    const named = state.like ? "Like one of the pages" : this.pictures.nameOf(state.picture);
    const url = state.picture ? this.pictures.urlOf(state.picture) : "";
    const attributes = { type: "button", "aria-label": `Remove: ${named}` };
    const remove = make("button", attributes, icon("close"));
    remove.addEventListener("click", () => {
      this.history.go({ like: "", picture: "", shown: STEP, open: "" });
      this.#words.focus();
    });
    const shown = url ? make("img", { src: url, alt: "" }) : icon("like");
    this.#picture.append(shown, make("span", { dir: "auto" }, named), remove);
  }
}

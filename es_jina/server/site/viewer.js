// @ts-check
/** The view of one result: opened and closed by the address, left and right to the others. */

import { about, origin } from "./about.js";
import { byId, isPlain, speak } from "./dom.js";
import { Opened } from "./opened.js";
import { likeState } from "./results.js";
import { address, STEP, wordsOf } from "./state.js";

/** @typedef {import("./wire.js").Hit} Hit */

export class Viewer {
  #dialog = byId("viewer", HTMLDialogElement);
  #title = byId("viewer-title", HTMLElement);
  #about = byId("about", HTMLElement);
  #zoom = byId("zoom", HTMLButtonElement);
  /** @type {Opened | null} */
  #opened = null;
  /** Whether the next result is shown as soon as it is there. */
  #goesOn = false;

  /**
   * @param {import("./api.js").Api} api
   * @param {import("./state.js").History} history
   * @param {import("./results.js").Results} results
   */
  constructor(api, history, results) {
    this.api = api;
    this.history = history;
    this.results = results;
    const leave = () => this.history.leave({ open: "" });
    this.#dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      leave();
    });
    byId("close", HTMLButtonElement).addEventListener("click", leave);
    byId("previous", HTMLButtonElement).addEventListener("click", () => this.#step(-1));
    byId("next", HTMLButtonElement).addEventListener("click", () => this.#step(1));
    this.#zoom.addEventListener("click", () => this.#enlarge(!this.#large));
    this.#dialog.addEventListener("keydown", (event) => this.#pressed(event));
    this.#about.addEventListener("click", (event) => this.#clicked(event));
  }

  /**
   * Show a result, or none.
   * @param {string} ref empty for none.
   */
  show(ref) {
    const hit = this.results.hits.find((each) => each.ref === ref);
    if (!hit) this.#close();
    else if (this.#opened?.hit.ref !== ref) this.#open(hit);
    else if (this.#goesOn) this.#step(1);
    else this.#place(hit);
  }

  /** @param {Hit} hit */
  #open(hit) {
    const { state } = this.history;
    const { index } = this.results;
    this.#goesOn = false;
    this.#opened?.close();
    this.#opened = new Opened(this.api, hit, index, wordsOf(state));
    this.#title.textContent = hit.title || hit.name || "Untitled";
    this.#title.dir = "auto";
    byId("place", HTMLElement).replaceChildren(...origin(hit));
    const only = address({ ...state, source: hit.uri, shown: STEP, open: "" });
    this.#about.replaceChildren(...about(hit, address(likeState(state, hit.ref)), only));
    this.#enlarge(false);
    this.#opened.show(this.results.thumbnailOf(hit.ref));
    this.#place(hit);
    speak(`Result ${hit.rank}: ${this.#title.textContent}`);
    if (!this.#dialog.open) {
      this.#dialog.showModal();
      this.#title.focus();
    }
  }

  #close() {
    const ref = this.#opened?.hit.ref;
    this.#opened?.close();
    this.#opened = null;
    if (!this.#dialog.open) return;
    this.#dialog.close();
    if (ref) this.results.linkOf(ref)?.focus();
  }

  /** @param {Hit} hit */
  #place(hit) {
    const { hits, more } = this.results;
    const at = hits.indexOf(hit);
    byId("position", HTMLElement).textContent = `${at + 1} of ${hits.length}${more ? "+" : ""}`;
    byId("previous", HTMLButtonElement).disabled = at === 0;
    byId("next", HTMLButtonElement).disabled = at === hits.length - 1 && !more;
  }

  /** @param {number} by */
  #step(by) {
    const { hits } = this.results;
    const at = hits.findIndex((hit) => hit.ref === this.#opened?.hit.ref);
    const other = hits[at + by];
    if (other) this.history.replace({ open: other.ref });
    if (other || by < 0 || !this.results.more) return;
    this.#goesOn = true;
    this.results.load();
  }

  get #large() {
    return this.#dialog.classList.contains("large");
  }

  /** @param {boolean} large */
  #enlarge(large) {
    this.#dialog.classList.toggle("large", large);
    this.#zoom.setAttribute("aria-pressed", `${large}`);
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const ownUse = event.target instanceof HTMLInputElement;
    if (!by || ownUse || !isPlain(event)) return;
    event.preventDefault();
    this.#step(by);
  }

  /** @param {MouseEvent} event */
  #clicked(event) {
    const link = event.target instanceof Element ? event.target.closest("a[data-go]") : null;
    const hit = this.#opened?.hit;
    if (!(link instanceof HTMLElement) || !hit || !isPlain(event)) return;
    event.preventDefault();
    const { state } = this.history;
    const only = { source: hit.uri, shown: STEP, open: "" };
    this.history.go(link.dataset.go === "like" ? likeState(state, hit.ref) : only);
  }
}

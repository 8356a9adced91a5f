// @ts-check
/** One result that is looked at: its picture or text, and why it was found, as they come. */

import { RefusedError, isAbort } from "./api.js";
import { byId, make } from "./dom.js";
import { HeatMap } from "./heatmap.js";
import { marked } from "./marks.js";
import { picturePath } from "./pictures.js";
import { Probe } from "./probe.js";
import { Scale } from "./scale.js";
import { ColouredText } from "./texts.js";
import { showTrouble } from "./trouble.js";
import { valuesOf, Why } from "./why.js";

/**
 * @typedef {import("./wire.js").Hit} Hit
 * @typedef {import("./wire.js").PictureExplained} PictureExplained
 * @typedef {import("./wire.js").TextExplained} TextExplained
 */

const NO_WORDS = "The heat map shows where words match: search by words to see it.";

export class Opened {
  #stage = byId("stage", HTMLElement);
  #heat = byId("heat", HTMLElement);
  #note = byId("panel-note", HTMLElement);
  #trouble = byId("viewer-trouble", HTMLElement);
  #running = new AbortController();
  #url = "";
  #sheet = make("div", { class: "sheet" });

  /**
   * @param {import("./api.js").Api} api
   * @param {Hit} hit
   * @param {string} index
   * @param {string} query the words that are looked for; may be empty.
   */
  constructor(api, hit, index, query) {
    this.api = api;
    this.hit = hit;
    this.index = index;
    this.query = query;
  }

  /** @param {string} thumbnail shown until the picture comes; may be empty. */
  show(thumbnail) {
    this.#heat.hidden = true;
    this.#say("");
    showTrouble(this.#trouble, null);
    if (this.hit.picture) this.#showPicture(thumbnail);
    else this.#showText(make("p", {}, ...marked(this.hit.snippet, this.hit.highlights)));
    if (this.query) void this.#explain();
    else if (this.hit.picture) this.#say(NO_WORDS);
  }

  close() {
    this.#running.abort();
    if (this.#url) URL.revokeObjectURL(this.#url);
    this.#stage.replaceChildren();
    this.#heat.replaceChildren();
  }

  /** @param {string} thumbnail */
  #showPicture(thumbnail) {
    const image = make("img", { alt: this.hit.title || this.hit.name, draggable: false });
    image.addEventListener("load", () => {
      this.#sheet.style.setProperty("--ratio", `${image.naturalWidth / image.naturalHeight}`);
      image.classList.add("there");
    });
    if (thumbnail) image.src = thumbnail;
    this.#sheet.append(image);
    this.#stage.replaceChildren(this.#sheet);
    void this.#loadPicture(image);
  }

  /** @param {HTMLImageElement} image */
  async #loadPicture(image) {
    const { signal } = this.#running;
    try {
      const path = picturePath("pictures", this.hit.ref, this.index);
      const picture = await this.api.blob(path, signal);
      if (signal.aborted) return;
      this.#url = URL.createObjectURL(picture);
      image.src = this.#url;
    } catch (error) {
      if (isAbort(error)) return;
      if (!image.src) this.#showText(make("p", {}, this.hit.snippet));
      const gone = error instanceof RefusedError && error.status === 404;
      showTrouble(this.#trouble, error, gone ? undefined : () => this.#again(image));
    }
  }

  /** @param {HTMLImageElement} image */
  #again(image) {
    showTrouble(this.#trouble, null);
    this.#stage.replaceChildren(this.#sheet);
    void this.#loadPicture(image);
  }

  /** @param {HTMLElement} text */
  #showText(text) {
    this.#stage.replaceChildren(make("div", { class: "text-page", dir: "auto" }, text));
  }

  async #explain() {
    const { signal } = this.#running;
    const body = { index: this.index, ref: this.hit.ref, query: this.query };
    this.#say("Looking at where it matches …");
    showTrouble(this.#trouble, null);
    try {
      /** @type {import("./wire.js").Explained} */
      const explained = await this.api.json("v1/explain", body, signal);
      if (signal.aborted) return;
      this.#say(explained.words.length ? "" : "The query has no words of its own to look for.");
      if (!explained.words.length) return;
      this.#heat.hidden = false;
      if (explained.kind === "text") this.#colour(explained);
      else this.#heatUp(explained);
    } catch (error) {
      if (isAbort(error)) return;
      this.#say("");
      showTrouble(this.#trouble, error, () => void this.#explain());
    }
  }

  /** @param {PictureExplained} explained */
  #heatUp(explained) {
    const scale = new Scale(valuesOf(explained), explained.perfect);
    const map = new HeatMap(explained, scale);
    /** @type {string} */
    let drawn = "";
    const why = new Why(explained, scale, (words, strength) => {
      map.canvas.style.opacity = `${strength}`;
      this.#sheet.style.setProperty("--strength", `${strength}`);
      if (drawn !== `${words}`) map.draw(words);
      drawn = `${words}`;
      probe.words = words;
      probe.again();
    });
    const probe = new Probe(this.#sheet, map, (values) => why.tell(values), this.#running.signal);
    this.#sheet.tabIndex = 0;
    this.#sheet.setAttribute("role", "application");
    this.#sheet.setAttribute("aria-label", "Heat map; arrow keys tell the similarity of each cell");
    this.#sheet.append(map.canvas, probe.frame);
    this.#heat.replaceChildren(why.element);
    why.again();
  }

  /** @param {TextExplained} explained */
  #colour(explained) {
    const scale = new Scale(valuesOf(explained), explained.perfect);
    const text = new ColouredText(explained, scale, (values) => why.tell(values));
    const why = new Why(explained, scale, (words, strength) => text.draw(words, strength));
    this.#stage.replaceChildren(text.element);
    this.#heat.replaceChildren(why.element);
    why.again();
  }

  /** @param {string} text */
  #say(text) {
    this.#note.hidden = !text;
    this.#note.textContent = text;
  }
}

// @ts-check
/** Looks for what a state asks for, and keeps the results on the page in step with it. */

import { isAbort } from "./api.js";
import { byId, speak } from "./dom.js";
import { showUnknown } from "./facts.js";
import { Results } from "./results.js";
import { Search } from "./search.js";
import { timeText } from "./stages.js";
import { askedFor, asks, MOST, searchOf, shortened, wordsOf } from "./state.js";
import { showTiming, whole } from "./timing.js";
import { showTrouble } from "./trouble.js";
import { Viewer } from "./viewer.js";

/**
 * @typedef {import("./state.js").State} State
 * @typedef {import("./wire.js").Found} Found
 */

export class Finder {
  #trouble = byId("trouble", HTMLElement);
  #troubleAfter = byId("after-trouble", HTMLElement);
  #count = byId("count", HTMLElement);
  /** What the results answer. */
  #asked = "";
  #fetched = 0;

  /**
   * @param {import("./api.js").Api} api
   * @param {import("./state.js").History} history
   * @param {import("./filters.js").Filters} filters
   * @param {(picture: string) => string} pictureOf gives what is sent for the picture of a state.
   */
  constructor(api, history, filters, pictureOf) {
    this.history = history;
    this.filters = filters;
    this.search = new Search(api, pictureOf);
    this.results = new Results(api, history);
    this.viewer = new Viewer(api, history, this.results);
  }

  /** Look anew, even for the same. */
  forget() {
    this.#asked = "";
  }

  /**
   * @param {State} state
   * @param {string} index
   */
  async show(state, index) {
    const asked = `${index} ${searchOf(state)}`;
    if (asked !== this.#asked) {
      this.#asked = asked;
      await this.#anew(state, index);
    } else if (this.results.more && state.shown > this.#fetched) {
      await this.#find(state, index);
    } else {
      this.viewer.show(state.open);
    }
  }

  /**
   * @param {State} state
   * @param {string} index
   */
  async #anew(state, index) {
    this.search.stop();
    this.viewer.show("");
    this.#calm();
    this.#fetched = 0;
    this.results.more = false;
    showUnknown([]);
    const words = shortened(wordsOf(state));
    document.title = words ? `${words} – es_jina` : "es_jina";
    if (asks(state)) return this.#find(state, index);
    this.#empty();
  }

  /**
   * Fetch results behind those that are there.
   * @param {State} state
   * @param {string} index
   */
  async #find(state, index) {
    const from = this.#fetched;
    if (!from) this.results.wait();
    this.results.more = false; // until this has been answered
    this.#calm();
    try {
      for await (const { found, more } of this.search.results(state, index, from)) {
        this.#add(state, found, more);
      }
      const { open } = this.history.state;
      // A link to a result that is no longer one of the first.
      if (open && !this.results.has(open)) this.history.replace({ open: "" });
      else this.viewer.show(open);
    } catch (error) {
      if (isAbort(error)) return;
      // The same may be asked for again.
      this.results.more = from > 0;
      if (!from) {
        this.forget();
        this.#empty();
      }
      const place = from ? this.#troubleAfter : this.#trouble;
      showTrouble(place, error, () => void this.show(state, index));
    }
  }

  /**
   * @param {State} state
   * @param {Found} found
   * @param {boolean} more
   */
  #add(state, found, more) {
    if (!this.#fetched) {
      this.results.clear();
      showTiming(found);
      showUnknown(found.unknown, searchOf({ ...state, mode: "text" }));
    }
    const first = this.#fetched;
    this.#fetched += found.hits.length;
    this.results.more = more && this.#fetched < MOST;
    const [item] = this.results.append(found.hits, state, found.index);
    if (first) item?.querySelector("a")?.focus();
    this.results.offer();
    this.filters.know(this.results.hits, state);
    this.#tell(state, found);
  }

  /**
   * @param {State} state
   * @param {Found} found
   */
  #tell(state, found) {
    const count = this.results.hits.length;
    const all = `${count || "No"} ${count === 1 ? "result" : "results"}`;
    const best = this.results.more ? `The best ${count}` : all;
    const of = askedFor(state);
    this.#count.textContent = `${best} ${of}`;
    const unknown = byId("unknown", HTMLElement).textContent;
    speak(`${best} ${of}, in ${timeText(whole(found))}. ${found.unknown.length ? unknown : ""}`);
  }

  #calm() {
    showTrouble(this.#trouble, null);
    showTrouble(this.#troubleAfter, null);
  }

  #empty() {
    this.results.clear();
    this.#count.textContent = "";
    showTiming(null);
  }
}

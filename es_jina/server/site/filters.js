// @ts-check
/** The mode of the search and what it is narrowed to: kinds, and one source. */

import { byId, make } from "./dom.js";
import { STEP } from "./state.js";

/**
 * @typedef {import("./state.js").State} State
 * @typedef {import("./wire.js").IndexFacts} IndexFacts
 * @typedef {import("./wire.js").Hit} Hit
 */

/** @type {Record<string, string>} */
const MODES = {
  hybrid: "Words and vectors together, then late interaction",
  late: "Nearest vectors, ordered by late interaction",
  dense: "Nearest single vectors alone",
  text: "Words alone (BM25), without the model",
};

/** @type {Record<string, string>} */
const KINDS = { page: "Pages", image: "Images", text: "Texts" };

export class Filters {
  #form = byId("filters", HTMLFormElement);
  /** @type {Map<string, string>} names of the sources that results came from, by their URI */
  #sources = new Map();
  #usual = "";
  /** @type {IndexFacts | null} */
  #index = null;
  #source = make("select", { "aria-label": "Source", name: "source" });

  /** @param {import("./state.js").History} history */
  constructor(history) {
    this.history = history;
    this.#form.addEventListener("change", () => this.#changed());
    this.#form.addEventListener("submit", (event) => event.preventDefault());
  }

  /**
   * Show what an index has, and what of it is chosen.
   * @param {IndexFacts} index
   * @param {State} state
   */
  show(index, state) {
    // Only where it has changed: what has the focus shall keep it.
    if (this.#index !== index) this.#offer(index);
    this.#index = index;
    const mode = state.mode || this.#usual;
    for (const input of this.#form.querySelectorAll("input")) {
      const ofMode = input.name === "mode";
      input.checked = ofMode ? input.value === mode : state.kinds.includes(input.value);
      // A picture has no words.
      input.disabled = ofMode && input.value === "text" && Boolean(state.like || state.picture);
    }
    this.#showSources(state.source);
  }

  /** @param {IndexFacts} index */
  #offer(index) {
    const kinds = Object.entries(index.kinds).filter(([, count]) => count);
    this.#usual = index.modes[0] ?? "";
    this.#form.hidden = false;
    const several = kinds.length > 1 ? [kindsOf(kinds)] : [];
    this.#form.replaceChildren(modesOf(index), ...several, this.#source);
  }

  /**
   * Offer the sources of results to be narrowed to.
   * @param {Hit[]} hits
   * @param {State} state
   */
  know(hits, state) {
    this.#sources.clear();
    for (const hit of hits) this.#sources.set(hit.uri, hit.name || hit.uri);
    this.#showSources(state.source);
  }

  /** @param {string} chosen */
  #showSources(chosen) {
    if (chosen && !this.#sources.has(chosen)) {
      this.#sources.set(chosen, lastPart(chosen));
    }
    const options = [...this.#sources].sort(([, a], [, b]) => a.localeCompare(b));
    this.#source.replaceChildren(
      make("option", { value: "" }, "All sources"),
      ...options.map(([uri, name]) => make("option", { value: uri }, name)),
    );
    this.#source.value = chosen;
    this.#source.hidden = options.length < 2 && !chosen;
    this.#source.classList.toggle("chosen", Boolean(chosen));
  }

  #changed() {
    const given = new FormData(this.#form);
    const mode = `${given.get("mode") ?? ""}`;
    this.history.go({
      mode: mode === this.#usual ? "" : mode,
      kinds: given.getAll("kind").map(String),
      source: `${given.get("source") ?? ""}`,
      shown: STEP,
      open: "",
    });
  }
}

/** @param {IndexFacts} index */
function modesOf(index) {
  const choices = index.modes.map((mode) => {
    const input = make("input", { type: "radio", name: "mode", value: mode });
    return make("label", { title: MODES[mode] ?? mode }, input, make("span", {}, mode));
  });
  return make("fieldset", { class: "modes" }, legend("Mode"), ...choices);
}

/** @param {[string, number][]} kinds */
function kindsOf(kinds) {
  const choices = kinds.map(([kind, count]) => {
    const input = make("input", { type: "checkbox", name: "kind", value: kind });
    const counted = make("small", {}, count.toLocaleString("en"));
    return make("label", {}, input, make("span", {}, `${KINDS[kind] ?? kind} `, counted));
  });
  return make("fieldset", { class: "kinds" }, legend("Kinds"), ...choices);
}

/** @param {string} text for screen readers. */
function legend(text) {
  return make("legend", { class: "spoken" }, text);
}

/**
 * @param {string} uri
 * @returns {string} its last part, as a name.
 */
function lastPart(uri) {
  const part = uri.split("/").pop() || uri;
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

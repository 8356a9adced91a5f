// @ts-check
/** What the page shows, as its address says it: so links, reload and the back button work. */

/**
 * @typedef {object} State
 * @property {string} q the words that are looked for.
 * @property {string} like the ref of an indexed page that others shall resemble.
 * @property {string} picture the address of a picture that is looked for, or the name of one that
 *   was dropped here.
 * @property {string} index empty for the first one.
 * @property {string} mode empty for the index's own.
 * @property {string[]} kinds empty for all.
 * @property {string} source the URI of the only source; empty for all.
 * @property {number} shown how many results.
 * @property {string} open the ref of the result that is looked at.
 */

/** How many results are fetched at a time. */
export const STEP = 24;

/** How the server can search. */
const MODES = ["hybrid", "late", "dense", "text"];

/** Of what there may be in an index. */
const KINDS = ["page", "image", "text"];

/** Letters of a query that stand for all of it. */
const SHOWN = 80;

/** The most results that are shown. */
export const MOST = 1000;

/**
 * Read an address; what nobody can mean counts as not said.
 * @param {string} query of an address, such as `?q=solar`.
 * @returns {State}
 */
export function read(query) {
  const given = new URLSearchParams(query);
  const shown = Number.parseInt(given.get("shown") ?? "", 10) || STEP;
  const [q, like, picture, open, mode] = ["q", "like", "picture", "open", "mode"].map(
    (name) => given.get(name)?.trim() ?? "",
  );
  return {
    q,
    // What is opened without a search is the first of what is like it.
    like: q || like || picture ? like : open,
    picture,
    index: given.get("index") ?? "",
    // A picture has no words.
    mode: MODES.includes(mode) && !(mode === "text" && (like || picture)) ? mode : "",
    kinds: KINDS.filter((kind) => given.getAll("kind").includes(kind)),
    source: given.get("source") ?? "",
    shown: Math.min(Math.max(shown, STEP), MOST),
    open,
  };
}

/**
 * @param {State} state
 * @returns {string} the address of the page that shows it.
 */
export function address(state) {
  const said = new URLSearchParams();
  for (const name of /** @type {const} */ (["q", "like", "picture", "index", "mode"])) {
    if (state[name]) said.set(name, state[name]);
  }
  for (const kind of state.kinds) said.append("kind", kind);
  if (state.source) said.set("source", state.source);
  if (state.shown !== STEP) said.set("shown", `${state.shown}`);
  if (state.open) said.set("open", state.open);
  return said.size ? `?${said}` : "./";
}

/**
 * @param {State} state
 * @returns {boolean} whether there is something to look for.
 */
export function asks(state) {
  return Boolean(state.q || state.like || state.picture);
}

/**
 * @param {State} state
 * @returns {string} the words that are looked for; none where a page or a picture is.
 */
export function wordsOf(state) {
  return state.like || state.picture ? "" : state.q;
}

/**
 * @param {State} state
 * @returns {string} what is looked for, such as `for “solar”`.
 */
export function askedFor(state) {
  if (state.like) return "like that page";
  return state.picture ? "for that picture" : `for “${shortened(state.q)}”`;
}

/**
 * @param {string} text
 * @returns {string} its beginning, where it is long.
 */
export function shortened(text) {
  const letters = Array.from(text);
  return letters.length > SHOWN ? `${letters.slice(0, SHOWN).join("").trimEnd()}…` : text;
}

/**
 * @param {State} state
 * @returns {string} equal where the same is looked for.
 */
export function searchOf(state) {
  return address({ ...state, shown: STEP, open: "" });
}

/** The state of this page and its history. */
export class History {
  /** @param {(state: State) => void} show called after every change. */
  constructor(show) {
    this.show = show;
    window.addEventListener("popstate", () => show(this.state));
  }

  /** @returns {State} */
  get state() {
    return read(location.search);
  }

  /**
   * Go on to another state, from where the back button leads here.
   * @param {Partial<State>} changes
   */
  go(changes) {
    const next = address({ ...this.state, ...changes });
    if (next === address(this.state)) history.replaceState({}, "", next);
    else history.pushState({ inside: true }, "", next);
    this.show(this.state);
  }

  /**
   * Change the state where it stands.
   * @param {Partial<State>} changes
   */
  replace(changes) {
    history.replaceState(history.state, "", address({ ...this.state, ...changes }));
    this.show(this.state);
  }

  /**
   * Leave what was opened last.
   * @param {Partial<State>} changes that lead out where there is no way back within this page.
   */
  leave(changes) {
    if (history.state?.inside) history.back();
    else this.replace(changes);
  }
}

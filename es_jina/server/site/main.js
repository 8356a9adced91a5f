// @ts-check
/** Puts the parts of the page together. */

import { Add } from "./add.js";
import { Api } from "./api.js";
import { AskedPictures } from "./asked_pictures.js";
import { Box } from "./box.js";
import { ByPicture } from "./by_picture.js";
import { byId, isPlain, make } from "./dom.js";
import { takeDrops } from "./drop.js";
import { showFacts } from "./facts.js";
import { Filters } from "./filters.js";
import { Finder } from "./finder.js";
import { Keys } from "./keys.js";
import { Showcase } from "./showcase.js";
import { asks, History, read, searchOf } from "./state.js";
import { showTrouble } from "./trouble.js";

/**
 * @typedef {import("./state.js").State} State
 * @typedef {import("./wire.js").Served} Served
 */

const api = new Api(new Keys());
const pictures = new AskedPictures();
const history = new History(show);
const box = new Box(history, pictures);
const byPicture = new ByPicture(history, pictures);
const filters = new Filters(history);
const finder = new Finder(api, history, filters, (picture) => pictures.sentFor(picture));
const showcase = new Showcase(api, history);
const add = new Add(api, () => void renew(), showSource);
const choice = byId("index", HTMLSelectElement);

/** @type {Served | null} */
let served = null;

/** What the box and the filters show. */
let shown = "";

/** Ask what is served, and show what the address says. */
async function start() {
  const trouble = byId("trouble", HTMLElement);
  showTrouble(trouble, null);
  try {
    served = await api.json("v1/indices");
  } catch (error) {
    return showTrouble(trouble, error, () => void start());
  }
  const names = served?.indices.map(({ name }) => name) ?? [];
  choice.replaceChildren(...names.map((name) => make("option", {}, name)));
  byId("index-choice", HTMLElement).hidden = names.length < 2;
  box.offer(served?.examples ?? []);
  show(history.state);
  if (!asks(history.state)) byId("words", HTMLInputElement).focus();
}

/**
 * Show a state: called after every change of the address.
 * @param {State} asked
 */
function show(asked) {
  const index = served?.indices.find(({ name }) => name === asked.index) ?? served?.indices[0];
  if (!served || !index) return;
  const state = { ...asked, mode: index.modes.includes(asked.mode) ? asked.mode : "" };
  document.body.dataset.view = asks(state) ? "results" : "landing";
  const [example] = served.examples;
  if (asks(state)) showcase.hide();
  else if (example) void showcase.show(index.name, example.query);
  if (shown !== searchOf(state)) {
    shown = searchOf(state);
    choice.value = index.name;
    box.show(state);
    filters.show(index, state);
    showFacts(served, index);
    add.offer(served, index.name);
    byPicture.offer(served);
  }
  void finder.show(state, index.name);
}

/** Look again: the index has more to be found. */
async function renew() {
  served = await api.json("v1/indices").catch(() => served);
  shown = "";
  finder.forget();
  show(history.state);
}

/**
 * Search in one source: all of it is found, by any words.
 * @param {string} name
 * @param {string} source its URI.
 */
function showSource(name, source) {
  history.go({ ...read(""), index: history.state.index, q: name, source });
}

choice.addEventListener("change", () => {
  const { q, picture } = history.state;
  history.go({ ...read(""), q, picture, index: choice.value });
});

byId("home", HTMLAnchorElement).addEventListener("click", (event) => {
  if (!isPlain(event)) return;
  event.preventDefault();
  history.go({ ...read(""), index: history.state.index });
  byId("words", HTMLInputElement).focus();
});

takeDrops(() => ({
  search: (file) => (add.isOpen ? add.add([file]) : void byPicture.search(file)),
  searchAddress: served?.fetches_urls ? (url) => byPicture.searchFor(url) : null,
  add: served?.can_add ? (files) => add.add(files) : null,
}));

void start();

// @ts-check
/** What is known about a result that is looked at. */

import { placeText } from "./card.js";
import { icon, make, sourceOf } from "./dom.js";
import { scoreText, stageName } from "./stages.js";

/** @typedef {import("./wire.js").Hit} Hit */

/**
 * @param {Hit} hit
 * @returns {(string | HTMLElement)[]} what part of which source it is.
 */
export function origin(hit) {
  return [placeText(hit), " · ", sourceOf(hit.uri, hit.name || hit.uri)];
}

/**
 * @param {Hit} hit
 * @param {string} like the address of what is like it.
 * @param {string} only the address of the same search in this source alone.
 * @returns {HTMLElement[]}
 */
export function about(hit, like, only) {
  const links = make(
    "p",
    { class: "ways" },
    make("a", { href: like, "data-go": "like" }, icon("like"), "Like this one"),
    make("a", { href: only, "data-go": "only" }, "Only this source"),
  );
  return [stageTable(hit), links];
}

/** @param {Hit} hit */
function stageTable(hit) {
  const rows = Object.entries(hit.stages).map(([name, { rank, score }]) => {
    const of = stageName(name);
    const dot = make("i", { "data-stage": name, "aria-hidden": true });
    return make(
      "tr",
      { title: of.told },
      make("th", { scope: "row" }, dot, of.long),
      make("td", {}, `#${rank}`),
      make("td", {}, scoreText(score)),
    );
  });
  const head = ["Found by", "Rank", "Score"].map((name) => make("th", { scope: "col" }, name));
  const score = make("p", { class: "score" }, "Score ", make("b", {}, scoreText(hit.score)));
  if (!rows.length) return score;
  return make("table", {}, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...rows));
}

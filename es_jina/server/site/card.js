// @ts-check
/** One result in the grid: a picture of its page, or its text. */

import { icon, make } from "./dom.js";
import { marked } from "./marks.js";
import { scoreText, stageName } from "./stages.js";

/** @typedef {import("./wire.js").Hit} Hit */

/** @type {Record<string, string>} */
const KINDS = { page: "Page", image: "Image", text: "Text" };

/**
 * @param {Hit} hit
 * @returns {string} such as `Page 2 of 4`.
 */
export function placeText(hit) {
  if (hit.page) return `Page ${hit.page}${hit.pages ? ` of ${hit.pages}` : ""}`;
  if (hit.kind === "text" && hit.chunk) return `Passage ${hit.chunk}`;
  return KINDS[hit.kind] ?? hit.kind;
}

/**
 * @param {Hit} hit
 * @param {{open: string, like: string}} links addresses that show the result, and what is like it.
 * @returns {{item: HTMLLIElement, image: HTMLImageElement | null}} the image waits for its picture.
 */
export function card(hit, links) {
  const image = hit.picture ? make("img", { alt: "", draggable: false, decoding: "async" }) : null;
  const title = hit.title || hit.name || "Untitled";
  const link = make("a", { href: links.open, class: "open", dir: "auto" }, title);
  const told = { title: "Like this one", "aria-label": `Like this one: ${title}` };
  const like = make("a", { href: links.like, class: "like", ...told }, icon("like"));
  const item = make(
    "li",
    { class: "card", "data-ref": hit.ref, "data-kind": hit.kind },
    make("div", { class: "desk" }, image ?? textSheet(hit)),
    make("div", { class: "name" }, make("h3", {}, link), like),
    make(
      "p",
      { class: "where" },
      make("span", {}, placeText(hit)),
      // Behind what late interaction looks at, there is none.
      hit.score ? make("b", { title: "Score" }, scoreText(hit.score)) : null,
    ),
    stagesOf(hit),
  );
  return { item, image };
}

/** @param {Hit} hit */
function textSheet(hit) {
  const text = make("p", { dir: "auto" }, ...marked(hit.snippet, hit.highlights));
  return make("div", { class: "text-sheet" }, text);
}

/** @param {Hit} hit */
function stagesOf(hit) {
  const list = make("ul", { class: "stages", "aria-label": "Found by" });
  for (const [name, place] of Object.entries(hit.stages)) {
    if (name === "fused") continue; // follows from the two before it
    const { short, long } = stageName(name);
    const shown = name === "late" || name === "rerank" ? scoreText(place.score) : `#${place.rank}`;
    const told = `${long}: rank ${place.rank}, score ${scoreText(place.score)}`;
    list.append(make("li", { "data-stage": name, title: told }, `${short} `, make("b", {}, shown)));
  }
  return list;
}

/** @returns {HTMLLIElement} the place of a result that has not come yet. */
export function skeleton() {
  return make(
    "li",
    { class: "card skeleton" },
    make("div", { class: "desk" }, make("div", { class: "blank" })),
    make("div", { class: "line" }),
    make("div", { class: "line short" }),
  );
}

// @ts-check
/** What is served: the index, its profile, the model, and that the demo's model is a toy. */

import { byId, make } from "./dom.js";

/**
 * @typedef {import("./wire.js").Served} Served
 * @typedef {import("./wire.js").IndexFacts} IndexFacts
 */

/** @type {Record<string, [string, string]>} */
const KINDS = { page: ["page", "pages"], image: ["image", "images"], text: ["text", "texts"] };

/**
 * @param {Served} served
 * @param {IndexFacts} index
 */
export function showFacts(served, index) {
  const counts = Object.entries(index.kinds).filter(([, count]) => count).map(countText);
  byId("facts", HTMLElement).replaceChildren(
    make("p", {}, make("b", {}, index.name), ` · ${counts.join(", ") || "empty"}`),
    make("p", {}, index.profile),
    make("p", {}, "Model ", make("b", {}, served.model.name)),
  );
  for (const place of document.querySelectorAll(".toy")) {
    place.toggleAttribute("hidden", !served.model.toy);
    place.replaceChildren(served.model.toy ?? "");
  }
}

/**
 * Say which words the model does not know, and lead on to the search that needs no model.
 * @param {string[]} words
 * @param {string} [byWords] the address of that search.
 */
export function showUnknown(words, byWords = "") {
  const place = byId("unknown", HTMLElement);
  place.hidden = !words.length;
  const named = words.map((word) => `‘${word}’`);
  const last = named.pop() ?? "";
  const list = named.length ? `${named.join(", ")} and ${last}` : last;
  const link = make("a", { href: byWords }, "Search by words alone");
  place.replaceChildren(`The demo model does not know ${list}. `, link);
}

/** @param {[string, number]} counted */
function countText([kind, count]) {
  const [one, many] = KINDS[kind] ?? [kind, kind];
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}

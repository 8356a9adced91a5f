// @ts-check
/** How long a search took, and which stage how much of it. */

import { byId, make } from "./dom.js";
import { stageName, timeText } from "./stages.js";

/**
 * @param {import("./wire.js").Found} found
 * @returns {number} milliseconds.
 */
export function whole(found) {
  return found.took.embed_ms + found.took.search_ms;
}

/** @param {import("./wire.js").Found | null} found `null` shows nothing. */
export function showTiming(found) {
  const place = byId("timing", HTMLElement);
  if (!found) return place.replaceChildren();
  const bar = make("div", { class: "timing-bar", "aria-hidden": true });
  const list = make("ul", { "aria-label": "Time of every stage" });
  for (const { name, ms } of found.stages) {
    const of = stageName(name);
    const piece = make("i", { "data-stage": name });
    piece.style.flexGrow = `${Math.max(ms, 0.01)}`;
    bar.append(piece);
    const dot = make("i", { "data-stage": name, "aria-hidden": true });
    list.append(make("li", { title: of.told }, dot, `${of.short} `, make("b", {}, timeText(ms))));
  }
  list.append(make("li", {}, "in all ", make("b", {}, timeText(whole(found)))));
  place.replaceChildren(bar, list);
}

// @ts-check
/** What went wrong, in one calm line, and the way to try it again. */

import { make } from "./dom.js";
import { RefusedError, sentence } from "./api.js";

/**
 * When what went wrong at a place is tried again by itself.
 * @type {WeakMap<HTMLElement, number>}
 */
const waiting = new WeakMap();

/**
 * @param {HTMLElement} place
 * @param {unknown} error `null` takes the line away.
 * @param {() => void} [again] called by itself where the server says when; else there is a button.
 */
export function showTrouble(place, error, again) {
  window.clearTimeout(waiting.get(place));
  place.hidden = !error;
  place.replaceChildren();
  if (!error) return;
  const message = error instanceof Error ? error.message : `${error}`;
  const after = error instanceof RefusedError ? error.after : 0;
  const told = make("span", { dir: "auto" }, sentence(message));
  place.append(told);
  if (after) told.append(again ? " It is tried again by itself." : ` Try again in ${after} s.`);
  if (!again) return;
  if (after) return void waiting.set(place, window.setTimeout(again, after * 1000));
  if (error instanceof RefusedError && error.lasts) return;
  const button = make("button", { type: "button" }, "Try again");
  button.addEventListener("click", again);
  place.append(button);
}

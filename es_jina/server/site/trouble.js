// @ts-check
/** What went wrong, in one calm line, and the way to try it again. */

import { make } from "./dom.js";
import { sentence } from "./api.js";

/**
 * @param {HTMLElement} place
 * @param {unknown} error `null` takes the line away.
 * @param {() => void} [again]
 */
export function showTrouble(place, error, again) {
  place.hidden = !error;
  place.replaceChildren();
  if (!error) return;
  const message = error instanceof Error ? error.message : `${error}`;
  place.append(make("span", { dir: "auto" }, sentence(message)));
  if (!again) return;
  const button = make("button", { type: "button" }, "Try again");
  button.addEventListener("click", again);
  place.append(button);
}

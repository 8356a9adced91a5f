// @ts-check
/** Building the page: all that comes from elsewhere is put in as text, never as HTML. */

/** @typedef {Node | string | null} Child */

/**
 * Make an element.
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} name
 * @param {Record<string, string | number | boolean | null>} [attributes] `true` is an attribute
 *   without a value, `false` and `null` are none; only those of ARIA say them in words.
 * @param {...Child} children strings become text.
 * @returns {HTMLElementTagNameMap[Name]}
 */
export function make(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    const said = typeof value === "boolean" && !key.startsWith("aria-");
    if (value !== null && !(said && !value)) made.setAttribute(key, said ? "" : `${value}`);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

/**
 * Find an element of index.html.
 * @template {Element} T
 * @param {string} id
 * @param {new () => T} type
 * @returns {T}
 */
export function byId(id, type) {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`index.html lacks #${id}`);
  return found;
}

/**
 * Make one of the icons that index.html draws.
 * @param {string} name
 * @returns {SVGSVGElement}
 */
export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const made = document.createElementNS(space, "svg");
  const use = document.createElementNS(space, "use");
  use.setAttribute("href", `#i-${name}`);
  made.setAttribute("aria-hidden", "true");
  made.append(use);
  return made;
}

/**
 * @param {MouseEvent | KeyboardEvent} event
 * @returns {boolean} whether it is for the page, not for the browser (a new tab, a shortcut).
 */
export function isPlain(event) {
  return !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
}

/**
 * Show the source of a document: as a link where it is a web page, else as text.
 * @param {string} uri of anybody's making.
 * @param {string} [shown] in its place.
 * @returns {HTMLElement}
 */
export function sourceOf(uri, shown = uri) {
  if (!/^https?:\/\//i.test(uri) || !URL.canParse(uri)) return make("span", { title: uri }, shown);
  return make("a", { href: uri, rel: "noopener noreferrer", target: "_blank", title: uri }, shown);
}

/**
 * Tell a screen reader something that others see.
 * @param {string} text
 */
export function speak(text) {
  byId("spoken", HTMLElement).textContent = text;
}

// @ts-check
/** Adding files and addresses to the index, one after another. */

import { sentence } from "./api.js";
import { closable } from "./dialogs.js";
import { byId, make } from "./dom.js";
import { filesOf } from "./drop.js";
import { plain } from "./marks.js";

/**
 * @typedef {import("./wire.js").Served} Served
 * @typedef {import("./wire.js").AddingEvent} AddingEvent
 * @typedef {{what: File | string, row: HTMLLIElement}} Waiting
 */

export class Add {
  #dialog = byId("add", HTMLDialogElement);
  #list = byId("added", HTMLUListElement);
  /** @type {Promise<void>} */
  #last = Promise.resolve();
  #index = "";
  #most = Infinity;

  /**
   * @param {import("./api.js").Api} api
   * @param {() => void} added called when the index has more to be found.
   * @param {(name: string, source: string) => void} show shows what was added, by its name and URI.
   */
  constructor(api, added, show) {
    this.api = api;
    this.added = added;
    this.show = show;
    closable(this.#dialog);
    byId("open-add", HTMLButtonElement).addEventListener("click", () => this.open());
    const chosen = byId("add-files", HTMLInputElement);
    chosen.addEventListener("change", () => {
      this.add([...(chosen.files ?? [])]);
      chosen.value = "";
    });
    this.#dialog.addEventListener("dragover", (event) => this.#over(event));
    this.#dialog.addEventListener("drop", (event) => this.#dropped(event));
    const url = byId("add-url", HTMLInputElement);
    byId("add-address", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      this.add([url.value]);
      url.value = "";
    });
  }

  /**
   * @param {Served} served
   * @param {string} index
   */
  offer(served, index) {
    this.#index = index;
    this.#most = served.limits.body_bytes;
    byId("open-add", HTMLElement).hidden = !served.can_add;
    byId("add-address", HTMLElement).hidden = !served.fetches_urls;
    byId("add-index", HTMLElement).textContent = index;
  }

  get isOpen() {
    return this.#dialog.open;
  }

  open() {
    if (!this.#dialog.open) this.#dialog.showModal();
  }

  /** @param {(File | string)[]} given files and addresses. */
  add(given) {
    this.open();
    for (const what of given) {
      const name = plain(typeof what === "string" ? what : what.name);
      const row = make("li", {}, make("span", { class: "name", dir: "auto" }, name));
      this.#tell(row, "Waiting");
      this.#list.prepend(row);
      this.#last = this.#last.then(() => this.#one(what, row));
    }
  }

  /**
   * @param {File | string} what
   * @param {HTMLLIElement} row
   */
  async #one(what, row) {
    if (what instanceof File && what.size > this.#most) {
      const most = Math.floor(this.#most / 2 ** 20);
      return this.#fail(row, `It is larger than the ${most} MB that the server takes.`);
    }
    const name = what instanceof File ? `&name=${encodeURIComponent(what.name)}` : "";
    const path = `v1/sources?index=${encodeURIComponent(this.#index)}${name}`;
    this.#tell(row, "Sending", make("progress"));
    try {
      const body = what instanceof File ? what : { url: what };
      for await (const event of this.api.lines(path, body)) this.#event(row, event);
    } catch (error) {
      this.#fail(row, error instanceof Error ? error.message : `${error}`);
    }
  }

  /**
   * @param {HTMLLIElement} row
   * @param {AddingEvent} event
   */
  #event(row, event) {
    if (event.event === "progress") {
      const { done = 0, of = 0 } = event;
      const bar = make("progress", of ? { max: of, value: done } : {});
      return this.#tell(row, sentence(event.stage ?? "").replace(/\.$/, ""), bar);
    }
    const [failed] = event.failed ?? [];
    if (failed) return this.#fail(row, failed.error);
    this.#tell(row, doneText(event));
    row.classList.add("done");
    const name = row.children[0].textContent ?? "";
    if (event.source) row.append(this.#showButton(name, event.source));
    this.added();
  }

  /**
   * @param {string} name
   * @param {string} source
   */
  #showButton(name, source) {
    const button = make("button", { type: "button", "aria-label": `Show ${name}` }, "Show");
    button.addEventListener("click", () => {
      this.#dialog.close();
      this.show(name, source);
    });
    return button;
  }

  /**
   * @param {HTMLLIElement} row
   * @param {string} text
   * @param {...HTMLElement} more
   */
  #tell(row, text, ...more) {
    const [name] = row.children;
    row.replaceChildren(name, make("span", { class: "state" }, text), ...more);
  }

  /**
   * @param {HTMLLIElement} row
   * @param {string} why
   */
  #fail(row, why) {
    row.classList.add("failed");
    this.#tell(row, sentence(why));
  }

  /** @param {DragEvent} event */
  #over(event) {
    event.preventDefault();
    event.stopPropagation(); // here everything is added
  }

  /** @param {DragEvent} event */
  #dropped(event) {
    this.#over(event);
    this.add(filesOf(event.dataTransfer));
  }
}

/** @param {AddingEvent} event */
function doneText({ units = 0, unchanged = 0 }) {
  if (!units && unchanged) return "Was in the index already";
  return units === 1 ? "In the index" : `In the index: ${units} parts`;
}

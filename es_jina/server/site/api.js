// @ts-check
/** Asking the server. Addresses are relative, so that it may stand behind a proxy's path. */

/** The server, or the way to it, said no. */
export class RefusedError extends Error {
  /**
   * @param {number} status of the answer; 0 where none came.
   * @param {string} message one line for people.
   * @param {number} [after] seconds after which to ask again; 0 where the server does not say.
   */
  constructor(status, message, after = 0) {
    super(message);
    this.status = status;
    this.after = after;
  }

  /** @returns {boolean} whether the same would be refused again. */
  get lasts() {
    return this.status >= 400 && this.status < 500 && ![401, 408, 429].includes(this.status);
  }
}

/**
 * @param {unknown} error
 * @returns {boolean} whether it only says that something was given up on purpose.
 */
export function isAbort(error) {
  return error instanceof DOMException && error.name === "AbortError";
}

/** The routes of the server, asked with the key where it wants one. */
export class Api {
  /** @param {import("./keys.js").Keys} keys */
  constructor(keys) {
    this.keys = keys;
  }

  /**
   * @param {string} path
   * @param {object} [body] sent as JSON.
   * @param {AbortSignal} [signal]
   * @returns {Promise<any>} the answer's JSON.
   */
  async json(path, body, signal) {
    return (await this.#answer(path, body && asJson(body), signal)).json();
  }

  /**
   * @param {string} path
   * @param {AbortSignal} [signal]
   * @returns {Promise<Blob>}
   */
  async blob(path, signal) {
    return (await this.#answer(path, undefined, signal)).blob();
  }

  /**
   * Read an answer that comes as lines of JSON.
   * @param {string} path
   * @param {object | File} body a file is sent as it is.
   * @returns {AsyncGenerator<any>}
   */
  async *lines(path, body) {
    const sent = body instanceof File ? { method: "POST", body } : asJson(body);
    const answer = await this.#answer(path, sent);
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (let piece = await reader?.read(); piece && !piece.done; piece = await reader?.read()) {
      const lines = (rest + piece.value).split("\n");
      rest = lines.pop() ?? "";
      yield* lines.filter(Boolean).map((line) => JSON.parse(line));
    }
    if (rest) yield JSON.parse(rest);
  }

  /**
   * @param {string} path
   * @param {RequestInit} [init]
   * @param {AbortSignal} [signal]
   */
  async #answer(path, init, signal) {
    for (;;) {
      const key = this.keys.key;
      const headers = new Headers(init?.headers);
      if (key) headers.set("Authorization", `Bearer ${key}`);
      const answer = await reached(path, { ...init, headers, signal });
      if (answer.ok) return answer;
      if (answer.status !== 401) throw await refusal(answer);
      await this.keys.other(key, (await refusal(answer)).message);
    }
  }
}

/**
 * @param {object} body
 * @returns {RequestInit}
 */
function asJson(body) {
  const headers = { "Content-Type": "application/json" };
  return { method: "POST", headers, body: JSON.stringify(body) };
}

/**
 * @param {string} path
 * @param {RequestInit} init
 */
async function reached(path, init) {
  try {
    return await fetch(new URL(path, document.baseURI), init);
  } catch (error) {
    if (isAbort(error)) throw error;
    throw new RefusedError(0, "The server cannot be reached.");
  }
}

/** @param {Response} answer */
async function refusal(answer) {
  const told = await answer.json().catch(() => ({}));
  const detail = typeof told.detail === "string" ? told.detail : answer.statusText;
  const after = Math.max(0, Number(answer.headers.get("retry-after")) || 0);
  return new RefusedError(answer.status, sentence(detail || `Error ${answer.status}`), after);
}

/**
 * @param {string} text
 * @returns {string} with a capital letter and a full stop.
 */
export function sentence(text) {
  const whole = /[.!?…]$/.test(text) ? text : `${text}.`;
  return whole.charAt(0).toUpperCase() + whole.slice(1);
}

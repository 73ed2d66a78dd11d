// The draft is kept by itself: a little after each change and when the page is left. Whoever saved first is never
// overwritten: what touches other files is taken in, what touches the same one is put to the person.
import { csrfToken } from "../strings.js";
import { settings } from "./words.js";

const WAIT = 2500; // ms after the last change
const LONGEST = 10000; // ms a change may wait while one goes on changing
const AWAY = 4000; // ms between looks for a new session
const AGAIN = [3000, 6000, 12000, 30000]; // ms between tries without a connection

export async function send(url, method, body) {
  const answer = await fetch(url, { method, credentials: "same-origin", headers: { Accept: "application/json", "Content-Type": "application/json", "X-CSRFToken": csrfToken() }, ...(body && { body: JSON.stringify(body) }) });
  const kind = answer.headers.get("Content-Type") ?? "";
  return { status: answer.status, ok: answer.ok, data: kind.includes("json") ? await answer.json() : null };
}

// After somebody signed in again in another tab this page has the token of a session that is over: it takes the new one
// from a page of the same person. False while nobody is signed in, or somebody else is.
async function freshToken() {
  const answer = await fetch(settings.urls.session, { credentials: "same-origin", headers: { Accept: "application/json" } });
  if (!answer.ok) return false;
  const { user, token } = await answer.json();
  if (user !== settings.user) return false;
  document.querySelector('meta[name="csrf-token"]').content = token;
  return true;
}
const ended = ({ status, data }) => status === 401 || (status === 400 && data?.code === "csrf");

export class Saving {
  // read() → every file that this page holds, as text; state(name, detail); merged(files, conflict, before); saved().
  constructor({ url, read, state, merged, saved }) {
    Object.assign(this, { url, read, state, merged, saved, base: {}, rev: 0, tries: 0, dirty: false, busy: null, stopped: false });
    addEventListener("beforeunload", (event) => {
      if (!this.dirty) return;
      this.flush();
      event.preventDefault();
    });
    document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && this.flush());
    addEventListener("blur", () => this.flush());
    for (const back of ["online", "focus"]) addEventListener(back, () => this.flush());
  }

  async load() {
    const { ok, data, status } = await send(this.url, "GET");
    if (!ok) throw new Error(`files: ${status}`);
    this.rev = data.rev;
    this.base = { ...data.files };
    this.stopped = this.dirty = false;
    return data.files;
  }

  changed() {
    this.version = (this.version ?? 0) + 1;
    if (!this.dirty) this.since = Date.now();
    this.dirty = true;
    if (this.stopped) return;
    this.state("changed");
    this.later(Math.max(0, Math.min(WAIT, this.since + LONGEST - Date.now())));
  }

  later(ms) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush(), ms);
  }

  // One save after the other; what changes meanwhile goes with the next.
  async flush() {
    clearTimeout(this.timer);
    if (!this.dirty || this.stopped) return this.busy;
    if (this.busy) return this.busy.then(() => this.flush());
    this.busy = this.put().finally(() => (this.busy = null));
    return this.busy;
  }

  async put() {
    const version = this.version;
    const files = await this.read();
    const changed = Object.fromEntries(Object.entries(files).filter(([name, text]) => this.base[name] !== text));
    if (!Object.keys(changed).length) return this.settled(version);
    this.state("saving");
    let answer;
    try {
      answer = await send(this.url, "PUT", { rev: this.rev, files: changed });
    } catch {
      return this.unreachable();
    }
    if (ended(answer)) return this.signedOut();
    this.renewed = false;
    this.tries = 0;
    if (answer.ok) {
      this.rev = answer.data.rev;
      Object.assign(this.base, changed);
      this.settled(version, answer.data.saved_at);
      this.saved(); // what is asked for afterwards holds up no further save
      return undefined;
    }
    if (answer.status === 409 && answer.data?.files) return this.conflict(answer.data, Object.keys(changed));
    if (answer.status >= 500 || answer.status === 429) return this.unreachable();
    this.stopped = true;
    return this.state("refused", { status: answer.status, data: answer.data });
  }

  settled(version, at) {
    this.dirty = version !== this.version;
    this.state("saved", { at });
    if (this.dirty) {
      this.since = Date.now();
      this.later(WAIT);
    }
  }

  // Asked again every few seconds, and when somebody comes back to this page, until there is a session.
  async signedOut() {
    if (!this.renewed && (this.renewed = await freshToken().catch(() => false))) return this.later(0);
    this.renewed = false;
    this.state("away");
    return this.later(AWAY);
  }

  unreachable() {
    this.state("offline");
    this.later(AGAIN[Math.min(this.tries++, AGAIN.length - 1)]);
  }

  async conflict(data, ours) {
    if (data.files.some((name) => ours.includes(name))) {
      this.stopped = true;
      return this.state("conflict", data);
    }
    const { ok, data: now } = await send(this.url, "GET");
    if (!ok) return this.unreachable();
    const before = this.base;
    this.rev = now.rev;
    this.base = { ...now.files };
    await this.merged(now.files, data, before);
    return this.later(0);
  }

  // After something else changed the draft on the server (a fix): go on from there.
  moved(rev, files) {
    this.rev = rev;
    for (const [name, text] of Object.entries(files)) {
      if (text === null) delete this.base[name];
      else this.base[name] = text;
    }
  }
}

// The checklist that works without a network: the page of one inspection, kept on the phone by the worker (worker.js).
import { element, icon } from "./dom.js";
import * as store from "./field/store.js";
import { SignedOut, Unreachable, fetchInspection, push } from "./field/sync.js";
import { View, say } from "./field/view.js";

const page = document.getElementById("check");
const { user, inspection } = page.dataset;
const bar = document.getElementById("sync");
const ICONS = { all_offline: "cloud-off", all_sent: "cloud-check", signed_out: "lock", kept: "cloud-off", stuck: "alert-triangle", sending: "cloud-upload" }; // the build draws what stands in such a table
const EVERY = 20_000; // milliseconds between tries while something waits
let record = null;
let subject = location.hash.slice(1) || null;
let running = false;
let again = false;
let state = "idle"; // idle, sending, offline, signed_out, gone
let taken = false; // the list and this page are on the phone

const view = new View({ user, inspection, onChange: (how) => changed(how) });
let timer;

function changed({ refresh = false } = {}) {
  clearTimeout(timer);
  timer = setTimeout(() => synchronise(refresh), refresh ? 0 : 700);
  said();
}

// The line under the progress: what only the phone has, and why. Until the list is on the phone it says so: whoever
// reads that everything is sent walks to where there is no network.
async function said(left) {
  if (state === "gone") {
    bar.dataset.state = state;
    bar.replaceChildren(icon("alert-triangle"), element("span", {}, say("gone")));
    return;
  }
  if (!taken && (state === "sending" || state === "idle")) {
    bar.dataset.state = "fetching";
    bar.replaceChildren(icon("cloud-download"), element("span", {}, say("fetching")));
    return;
  }
  const rows = (await store.all("answers", user, inspection)).filter((row) => row.dirty);
  const used = new Set(rows.flatMap((row) => [...(row.values.photos ?? []), ...(row.values.photos_after ?? []), ...(row.values.evidence ?? [])]));
  const photos = (await store.all("photos", user, inspection)).filter((photo) => !photo.file && used.has(`local:${photo.id}`)).length;
  const values = { n: rows.length, photos };
  const key = !rows.length ? (state === "offline" ? "all_offline" : "all_sent") : state === "signed_out" ? "signed_out" : state === "offline" ? "kept" : rows.some((row) => row.conflict || row.errors) && state === "idle" ? "stuck" : "sending";
  const line = element("span", {}, say(key, { ...values, left: left ?? rows.length }));
  const parts = [icon(ICONS[key]), line];
  if (key === "signed_out") parts.push(element("a", { class: "db-link", href: `/login?next=${encodeURIComponent(location.pathname)}` }, say("sign_in")));
  bar.dataset.state = key;
  bar.dataset.unsent = String(rows.length);
  bar.replaceChildren(...parts);
  const submit = document.getElementById("field-submit");
  if (submit) {
    const ready = !rows.length && state === "idle" && record?.task_id;
    submit.toggleAttribute("hidden", !record?.task_id && state !== "offline");
    submit.classList.toggle("is-waiting", !ready);
    submit.setAttribute("aria-disabled", String(!ready));
    if (ready) submit.href = `/tasks/${record.task_id}`;
    else submit.removeAttribute("href");
  }
}

// One tab sends at a time; a second call while one runs makes it run once more.
async function synchronise(refresh) {
  again ||= running;
  if (running) return;
  running = true;
  const fetching = refresh || !record || state === "gone";
  try {
    const work = async () => {
      state = "sending";
      await said();
      const removed = await push(user, inspection, (left) => said(left));
      state = !(removed || fetching) || (await load()) ? "idle" : "gone";
    };
    await (navigator.locks ? navigator.locks.request(`duban-field-${inspection}`, work) : work());
    await marks();
  } catch (error) {
    if (error instanceof SignedOut) state = "signed_out";
    else if (error instanceof Unreachable) state = "offline";
    else {
      state = "idle";
      console.warn("field sync", error.message);
    }
  } finally {
    running = false;
    await said();
    if (again) {
      again = false;
      synchronise(false);
    }
  }
}

// Errors and conflicts that came back stand at their items; whoever is typing is left alone.
async function marks() {
  const rows = await store.all("answers", user, inspection);
  if (rows.some((row) => row.conflict || row.errors) && !document.activeElement?.matches("textarea, input")) await view.draw(record, subject);
  else for (const row of rows) if (view.rows?.has(row.id)) Object.assign(view.rows.get(row.id), { rev: row.rev, item_id: row.item_id });
}

// What the server has now, under what this phone has not sent yet. False where the server knows of no such inspection.
async function load() {
  const found = await fetchInspection(inspection);
  if (found === null) return false;
  await store.sweep("answers", user, inspection, (row) => !row.dirty && !row.conflict && !row.errors);
  record = found;
  if (await letGo()) return true;
  await store.put("inspections", { user, id: inspection, record, at: Date.now(), path: location.pathname });
  await show();
  return true;
}

// What the server has need not stay on the phone: pictures that are up, and all of an inspection nobody answers any
// more. Under which id a picture is up stays known: a page that is open still calls it by the name it had here.
async function letGo() {
  for (const { id } of (await store.all("photos", user, inspection)).filter((photo) => photo.file && photo.blob)) {
    await store.change("photos", user, id, (photo) => photo && { ...photo, blob: null });
  }
  if (record.may_answer || !(await store.forget(user, inspection))) return false;
  if ("caches" in window) await (await caches.open("pages")).delete(location.pathname);
  taken = true; // there is nothing to wait for
  await show();
  return true;
}

async function show() {
  subject ??= record.checks[0]?.id;
  if (!record.checks.some((one) => one.id === subject)) subject = record.checks[0]?.id;
  const nav = document.getElementById("field-subjects");
  nav.hidden = record.checks.length < 2;
  nav.replaceChildren(...record.checks.map((one) => {
    const link = element("a", { class: "db-check-item", href: `#${one.id}`, "aria-current": one.id === subject ? "true" : null }, element("span", { class: "flex-fill db-one" }, one.name));
    link.addEventListener("click", () => {
      subject = one.id;
      show();
    });
    return link;
  }));
  document.getElementById("field-name").textContent = record.checks.find((one) => one.id === subject)?.name ?? record.number;
  await view.draw(record, subject);
}

// The worker keeps what it sees opened; the page that brought the worker along was opened before it.
const mayKeep = "caches" in window && Boolean(navigator.serviceWorker);
const pageKept = async () => Boolean(mayKeep && (await (await caches.open("pages")).match(location.pathname)));

async function keepPage() {
  await Promise.race([navigator.serviceWorker.ready, new Promise((done) => setTimeout(done, 15_000))]);
  const response = await fetch(location.pathname);
  if (response.ok && !response.redirected) await (await caches.open("pages")).put(location.pathname, response);
}

// A browser that can keep no page works while there is a network, and is not made to wait.
async function take() {
  if (taken || !record) return;
  if (mayKeep && record.may_answer && !(await pageKept())) await keepPage().catch((error) => console.warn("field page", error.message));
  taken = !mayKeep || !record.may_answer || (await pageKept());
  await said();
}

async function begin() {
  const kept = await store.get("inspections", user, inspection);
  if (kept) {
    record = kept.record;
    taken = await pageKept();
    await show();
  }
  await synchronise(true);
  await take();
  if (!record) document.getElementById("main").replaceChildren(element("p", { class: "db-check-block" }, say("nothing_kept")));
  navigator.storage?.persist?.(); // so that a full phone does not throw it away
}

addEventListener("online", () => synchronise(true));
addEventListener("offline", () => {
  state = "offline";
  said();
});
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && synchronise(false));
setInterval(async () => {
  if (state === "offline" || !taken || (await store.unsent(user))) await synchronise(false);
  await take();
}, EVERY);
begin();

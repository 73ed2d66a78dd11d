// Sends what the phone has kept, as often as need be: photos by a key of their own, answers on the revision they were
// given on. A repeat changes nothing on the server, so an answer that got lost on the way is simply sent again.
import { multipart } from "./photos.js";
import * as store from "./store.js";
import { say } from "./view.js";

export class SignedOut extends Error {}
export class Unreachable extends Error {}
export class Refused extends Error {}

const LOCAL = "local:";
const PHOTOS = ["photos", "photos_after", "evidence"];
let token = document.querySelector('meta[name="csrf-token"]')?.content ?? "";

async function request(path, options = {}) {
  let response;
  try {
    response = await fetch(path, { ...options, redirect: "manual", headers: { Accept: "application/json", "X-CSRFToken": token, ...options.headers } });
  } catch {
    throw new Unreachable();
  }
  if (response.status === 401 || response.type === "opaqueredirect") throw new SignedOut();
  if (response.status >= 500 || response.status === 429) throw new Unreachable();
  return response;
}

// A page that came from the phone, or another sign-in, has a token that is no longer valid: ask the page for its own.
async function call(path, options) {
  const response = await request(path, options);
  if (response.status !== 400) return response;
  const said = await response.clone().json().catch(() => ({}));
  if (said.code !== "csrf") return response;
  const page = await request(location.pathname, { headers: { Accept: "text/html", "X-Field": "fresh" } });
  token = new DOMParser().parseFromString(await page.text(), "text/html").querySelector('meta[name="csrf-token"]')?.content ?? token;
  return request(path, options);
}

const said = async (response) => (await response.json().catch(() => ({}))).detail ?? String(response.status);

export async function fetchInspection(id) {
  const response = await call(`/api/v1/inspections/${id}`);
  if (response.status === 404) return null;
  if (!response.ok) throw new Refused(await said(response));
  return response.json();
}

async function upload(user, photo, key = photo.id) {
  const { body, type } = multipart(photo);
  const response = await call("/api/v1/files", { method: "POST", body, headers: { "Content-Type": type, "Idempotency-Key": key } });
  if (response.status === 409) {
    // The first sending broke off in the middle; what it left belongs to no record and is swept away.
    if ((await response.json().catch(() => ({}))).interrupted && key === photo.id) return upload(user, photo, `${photo.id}-again`);
    throw new Unreachable();
  }
  if (!response.ok) throw new Refused(await said(response));
  const file = await response.json();
  await store.change("photos", user, photo.id, (row) => (row ? { ...row, file: file.id } : null));
  return file.id;
}

// Answers whose photos are up, with the ids that the server gave them.
async function carried(user, row) {
  const values = { ...row.values };
  for (const name of PHOTOS.filter((one) => values[one])) {
    const ids = [];
    for (const ref of values[name]) {
      if (!ref.startsWith(LOCAL)) {
        ids.push(ref);
        continue;
      }
      const photo = await store.get("photos", user, ref.slice(LOCAL.length));
      if (!photo) throw new Refused(say("lost_photo"));
      ids.push(photo.file ?? (await upload(user, photo)));
    }
    values[name] = ids;
  }
  return values;
}

async function settle(user, row, result) {
  await store.change("answers", user, row.id, (now) => {
    if (!now) return null;
    if (result.status === "conflict") return { ...now, conflict: result.stored ?? { rev: result.rev }, errors: null };
    if (result.status === "refused") return { ...now, errors: result.errors, refusedAt: now.version };
    const same = now.version === row.version; // nobody has gone on writing while it was sent
    return { ...now, rev: result.rev, item_id: result.item_id ?? now.item_id, dirty: !same, errors: null, conflict: null };
  });
}

// A finding that was taken back. Where the server keeps it (the record is closed), it shows again with the next load.
async function takeBack(user, inspection, row) {
  await call(`/api/v1/inspections/${inspection}/items/${row.item_id}`, { method: "DELETE" });
  await store.remove("answers", user, row.id);
}

// Whatever can be sent now; whether something was taken back. `progress(left)` after each; ends by throwing SignedOut
// or Unreachable.
export async function push(user, inspection, progress) {
  const waiting = (row) => row.dirty && !row.conflict && row.refusedAt !== row.version;
  const rows = (await store.all("answers", user, inspection)).filter(waiting);
  let left = rows.length;
  for (const row of rows) {
    progress(left);
    if (row.removed) {
      await takeBack(user, inspection, row);
      left -= 1;
      continue;
    }
    let values;
    try {
      values = await carried(user, row);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      await settle(user, row, { status: "refused", errors: { photos: [error.message] } });
      continue;
    }
    const body = { inspected_subject_id: row.subject, answers: [], site: null };
    if (row.kind === "site") body.site = { ...values, rev: row.rev };
    else body.answers.push({ ...values, item_id: row.item_id, client_id: row.client_id, rev: row.rev });
    const response = await call(`/api/v1/inspections/${inspection}/answers`, {
      method: "PUT", body: JSON.stringify(body), headers: { "Content-Type": "application/json" },
    });
    if (!response.ok) {
      const answer = await response.json().catch(() => ({}));
      const errors = response.status === 422 && answer.errors ? answer.errors : { _: [answer.detail ?? String(response.status)] };
      await settle(user, row, { status: "refused", errors });
    } else {
      const answer = await response.json();
      await settle(user, row, row.kind === "site" ? answer.site : answer.answers[0]);
    }
    left -= 1;
  }
  progress(left);
  return rows.some((row) => row.removed);
}

// What a phone keeps of inspections (IndexedDB): the record as the server last gave it, answers, photos.
// Everything carries the person's id: whoever signs in on the same phone neither sees nor sends another one's work.
const NAME = "duban-field";
let opening;

function open() {
  opening ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => {
      const db = request.result;
      db.createObjectStore("inspections", { keyPath: ["user", "id"] });
      for (const name of ["answers", "photos"]) {
        db.createObjectStore(name, { keyPath: ["user", "id"] }).createIndex("inspection", ["user", "inspection"]);
      }
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error("blocked"));
  });
  return opening;
}

const done = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

async function run(name, mode, act) {
  const transaction = (await open()).transaction(name, mode, { durability: "strict" });
  const finished = new Promise((resolve, reject) => {
    transaction.oncomplete = resolve;
    transaction.onerror = transaction.onabort = () => reject(transaction.error);
  });
  const result = await act(transaction.objectStore(name));
  await finished; // what is said to be kept is on the device
  return result;
}

export const get = (name, user, id) => run(name, "readonly", (store) => done(store.get([user, id])));
export const put = (name, row) => run(name, "readwrite", (store) => done(store.put(row)));
export const remove = (name, user, id) => run(name, "readwrite", (store) => done(store.delete([user, id])));
export const all = (name, user, inspection) =>
  run(name, "readonly", (store) => done(store.index("inspection").getAll([user, inspection])));

// Read, change and write in one transaction: a row that is being sent may be edited meanwhile.
export const change = (name, user, id, edit) =>
  run(name, "readwrite", async (store) => {
    const row = edit(await done(store.get([user, id])));
    if (row) await done(store.put(row));
    return row;
  });

// Lets go of an inspection's rows for which `over` holds. One transaction: a row that was edited meanwhile stays.
export const sweep = (name, user, inspection, over) =>
  run(name, "readwrite", async (store) => {
    for (const row of await done(store.index("inspection").getAll([user, inspection]))) if (over(row)) await done(store.delete([user, row.id]));
  });

export const inspections = async (user) =>
  (await run("inspections", "readonly", (store) => done(store.getAll()))).filter((row) => row.user === user);

// How much of this person's work the device alone has.
export async function unsent(user) {
  const rows = await run("answers", "readonly", (store) => done(store.getAll()));
  return rows.filter((row) => row.user === user && row.dirty).length;
}

// An inspection that is closed is let go of, once nothing of it is left to send; whether it was.
export async function forget(user, inspection) {
  await sweep("answers", user, inspection, (row) => !row.dirty && !row.conflict && !row.errors);
  if ((await all("answers", user, inspection)).length) return false;
  await sweep("photos", user, inspection, () => true);
  await remove("inspections", user, inspection);
  return true;
}

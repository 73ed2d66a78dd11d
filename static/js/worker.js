// Service worker: keeps what a checklist needs where there is no network, and nothing else. Served as /sw.js, with
// `ASSETS` (the built files) before this text, so that a new build installs itself.
/* global ASSETS */
const FILES = `files-${ASSETS.version}`;
const PAGES = "pages";
const FIELD = /^\/inspections\/[0-9a-f]{32}\/field$/;

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(FILES).then((cache) => cache.addAll([...ASSETS.urls, "/offline"])).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  const old = (name) => name.startsWith("files-") && name !== FILES;
  event.waitUntil(
    caches.keys().then((names) => Promise.all(names.filter(old).map((name) => caches.delete(name)))).then(() => self.clients.claim()),
  );
});

// The page from the network; from the phone where there is none, or where it takes too long.
async function fresh(request, path) {
  const pages = await caches.open(PAGES);
  try {
    const response = await fetch(request, { signal: AbortSignal.timeout(8000) });
    if (response.ok && !response.redirected) await pages.put(path, response.clone());
    return response;
  } catch {
    return (await pages.match(path)) ?? caches.match("/offline");
  }
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (url.pathname.startsWith("/static/dist/")) {
    event.respondWith(caches.match(request).then((kept) => kept ?? fetch(request)));
  } else if (request.mode === "navigate" && FIELD.test(url.pathname)) {
    event.respondWith(fresh(request, url.pathname));
  } else if (request.mode === "navigate") {
    event.respondWith(fetch(request).catch(() => caches.match("/offline")));
  }
});

// Whoever signs out takes the pages along; what was not sent stays, for that person alone.
self.addEventListener("message", (event) => {
  if (event.data === "forget-pages") event.waitUntil(caches.delete(PAGES));
});

// Front-end build: libraries from node_modules and our sources → static/dist (never committed).
// Names carry a content hash; manifest.json maps "app.js" to the hashed name and is written last,
// so a half-finished build is never served.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const STATIC = dirname(fileURLToPath(import.meta.url));
const ROOT = dirname(STATIC);
const DIST = join(STATIC, "dist");
const ICONS = join(ROOT, "node_modules/@tabler/icons/icons/outline");

const ENTRIES = {
  app: join(STATIC, "js/app.js"),
  theme: join(STATIC, "js/theme.js"),
  viewer: join(STATIC, "js/viewer.js"),
  editor: join(STATIC, "js/editor.js"),
  field: join(STATIC, "js/field.js"),
  offline: join(STATIC, "js/offline.js"),
  worker: join(STATIC, "js/worker.js"),
  "api-docs": join(STATIC, "js/api-docs.js"),
  style: join(STATIC, "css/app.css"),
  "viewer-style": join(STATIC, "css/viewer.css"),
  "editor-style": join(STATIC, "css/editor.css"),
  "api-docs-style": join(STATIC, "css/api-docs.css"),
};
// esbuild keys outputs by entry name; the page asks for app.css, viewer.css, editor.css, api-docs.css.
const PUBLIC = { "style.css": "app.css", "viewer-style.css": "viewer.css", "editor-style.css": "editor.css", "api-docs-style.css": "api-docs.css" };

async function* files(folder, extensions) {
  if (!existsSync(folder)) return;
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* files(path, extensions);
    else if (extensions.includes(extname(entry.name))) yield path;
  }
}

const QUOTED = /["']([a-z0-9][a-z0-9-]*)["']/g;
const CALLED = /\b(?:ic|icon)\(\s*["']([a-z0-9-]+)["']/g;
const KEYED = /["']?\bicon["']?\s*[=:]\s*["']([a-z0-9-]+)["']/g;
const TABLE = /\bICONS?\b[^=\n]*=\s*\{([^}]*)\}/g;

// Two kinds of finding: `named` must exist (a typing error stops the build); `maybe` is any quoted word of a
// template, taken when an icon of that name exists, because names reach `ic` through macro arguments too.
async function iconNames() {
  const named = new Map();
  const maybe = new Set();
  for await (const path of files(join(ROOT, "templates"), [".html"])) {
    const text = await readFile(path, "utf8");
    for (const [, name] of text.matchAll(CALLED)) named.set(name, path);
    for (const [, name] of text.matchAll(QUOTED)) maybe.add(name);
  }
  const sources = [[join(ROOT, "app"), [".py"]], [join(STATIC, "js"), [".js"]], [join(ROOT, "bpmn"), [".toml"]]];
  for (const [folder, extensions] of sources) {
    for await (const path of files(folder, extensions)) {
      const text = await readFile(path, "utf8");
      if (path.endsWith(".js")) for (const [, name] of text.matchAll(CALLED)) named.set(name, path);
      for (const [, name] of text.matchAll(KEYED)) named.set(name, path);
      for (const [, body] of text.matchAll(TABLE)) for (const [, name] of body.matchAll(QUOTED)) maybe.add(name);
    }
  }
  return { named, maybe };
}

async function sprite() {
  const { named, maybe } = await iconNames();
  const missing = [...named].filter(([name]) => !existsSync(join(ICONS, `${name}.svg`)));
  if (missing.length) {
    throw new Error(missing.map(([name, path]) => `no icon "${name}" in Tabler outline icons (used in ${path})`).join("\n"));
  }
  const names = [...new Set([...named.keys(), ...maybe])].sort();
  const symbols = [];
  for (const name of names) {
    const path = join(ICONS, `${name}.svg`);
    if (!existsSync(path)) continue;
    const inner = (await readFile(path, "utf8")).replace(/^[\s\S]*?<svg[^>]*>/, "").replace(/<\/svg>\s*$/, "");
    symbols.push(`<symbol id="${name}" viewBox="0 0 24 24">${inner.replace(/>\s+</g, "><").trim()}</symbol>`);
  }
  return `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>\n`;
}

const hashed = (name, data) => {
  const hash = createHash("sha256").update(data).digest("hex").slice(0, 10);
  return `${basename(name, extname(name))}-${hash}${extname(name)}`;
};

async function main() {
  const started = Date.now();
  await mkdir(DIST, { recursive: true });
  const result = await build({
    entryPoints: ENTRIES,
    outdir: DIST,
    bundle: true,
    minify: true,
    write: false,
    format: "iife",
    target: ["chrome100", "firefox100", "safari15"],
    define: { "process.env.NODE_ENV": '"production"' },
    loader: { ".svg": "dataurl", ".woff": "empty", ".woff2": "empty", ".ttf": "empty", ".eot": "empty", ".png": "dataurl" },
    nodePaths: [join(ROOT, "node_modules")],
    legalComments: "none",
    logLevel: "warning",
  });
  const manifest = {};
  const outputs = result.outputFiles.map((file) => [basename(file.path), file.contents]);
  outputs.push(["icons.svg", Buffer.from(await sprite())], ["icon.svg", await readFile(join(STATIC, "icon.svg"))]);
  for (const [name, data] of outputs) {
    const shown = PUBLIC[name] ?? name;
    manifest[shown] = hashed(shown, data);
    await writeFile(join(DIST, manifest[shown]), data);
  }
  await writeFile(join(DIST, "manifest.json.part"), `${JSON.stringify(manifest, null, 2)}\n`);
  await rename(join(DIST, "manifest.json.part"), join(DIST, "manifest.json"));
  const kept = new Set([...Object.values(manifest), "manifest.json"]);
  for (const name of await readdir(DIST)) if (!kept.has(name)) await rm(join(DIST, name), { recursive: true });
  console.log(`built static/dist: ${Object.keys(manifest).length} files in ${Date.now() - started} ms`);
}

main().catch((error) => {
  console.error(error.message ?? error);
  process.exitCode = 1;
});

// The editor page: canvas, palette, panel, dock, and a draft that keeps itself.
import { isTyping } from "../dom.js";
import { shareClipboard } from "./clipboard.js";
import { Dock } from "./dock.js";
import { kindOf } from "./entries.js";
import { History } from "./history.js";
import { Model, is, semantic } from "./model.js";
import { createModeler, createViewer, show, xmlOf } from "./modeler.js";
import { Notes } from "./notes.js";
import { Palette } from "./palette.js";
import { Panel } from "./panel/panel.js";
import { offer, pngOf, svgOf } from "./pictures.js";
import { Saving, send } from "./saving.js";
import { withSimulation } from "./simulation.js";
import { untranslated } from "./translate.js";
import { clock, settings, t } from "./words.js";

const DIAGRAM = "process.bpmn";
const MANIFEST = "process.toml";
const READABLE = 0.65; // zoom below which the names of steps cannot be read
const NARROW = "(max-width: 61.9375rem)"; // below it there is no room to draw: the diagram is only shown
const byId = (id) => document.getElementById(id);

export async function open(page) {
  const editor = matchMedia(NARROW).matches || settings.readonly ? new Looking(page) : new Editing(page);
  page.editor = editor;
  await editor.start();
  page.dataset.ready = "true";
}

class Looking {
  constructor(page) {
    this.page = page;
    this.modeler = createViewer(byId("editor-canvas"));
    byId("editor-readonly").hidden = false;
  }

  async start() {
    const { data } = await send(settings.urls.files, "GET");
    await show(this.modeler, data.files[DIAGRAM] ?? "");
    overview(this.modeler);
    zooming(this.modeler);
  }
}

// The whole diagram where it can be read so; else its beginning, at a size that can.
function overview(modeler) {
  const canvas = modeler.get("canvas");
  canvas.zoom("fit-viewport", "auto");
  if (canvas.zoom() >= READABLE) return;
  const box = canvas.viewbox().inner;
  canvas.zoom(READABLE, { x: 0, y: 0 });
  const { outer } = canvas.viewbox();
  const height = outer.height / READABLE;
  canvas.viewbox({ x: box.x - 20, y: box.y - Math.max(20, (height - box.height) / 2), width: outer.width / READABLE, height });
}

function zooming(modeler) {
  const canvas = modeler.get("canvas");
  const shown = byId("zoom-level");
  const say = () => (shown.textContent = `${Math.round(canvas.zoom() * 100)}%`);
  modeler.on("canvas.viewbox.changed", say);
  byId("zoom-in").addEventListener("click", () => modeler.get("zoomScroll").stepZoom(1));
  byId("zoom-out").addEventListener("click", () => modeler.get("zoomScroll").stepZoom(-1));
  byId("zoom-fit").addEventListener("click", () => canvas.zoom("fit-viewport", "auto"));
  say();
}

class Editing {
  constructor(page) {
    this.page = page;
    this.untranslated = untranslated;
    this.manifestText = "";
    this.manifestData = {};
    const canvas = byId("editor-canvas");
    this.modeler = createModeler(canvas);
    this.model = new Model(this.modeler);
    this.notes = new Notes(byId("editor-notes"));
    this.history = new History(this);
    this.panel = new Panel({ box: byId("editor-props"), modeler: this.modeler, model: this.model, typeName: kindOf, readManifest: () => this.manifestData, writeManifest: (changes) => this.changeManifest(changes) });
    this.palette = new Palette({ box: byId("editor-palette"), modeler: this.modeler, model: this.model, say: (text) => this.say(text) });
    this.dock = new Dock({ list: byId("problems"), count: byId("problem-count"), size: byId("problem-size"), summary: byId("check-summary"), modeler: this.modeler, typeName: kindOf, fixed: (problem) => this.fix(problem), atProcess: () => this.atProcess() });
    this.saving = new Saving({ url: settings.urls.files, read: () => this.files(), state: (name, detail) => this.stateOf(name, detail), merged: (files, who, before) => this.merged(files, who, before), saved: () => this.afterSave() });
  }

  async start() {
    const files = await this.saving.load();
    await Promise.all([this.readCatalogue(), this.loadManifest(files[MANIFEST] ?? "")]);
    await this.import(files[DIAGRAM] ?? "", { fit: true });
    this.wire();
    shareClipboard(this.modeler);
    this.panel.draw();
    this.dock.check();
    this.atHash();
    addEventListener("hashchange", () => this.atHash());
  }

  // A link to an element (`#reinspect`): it is selected and brought into view.
  atHash() {
    const shape = this.modeler.get("elementRegistry").get(decodeURIComponent(location.hash.slice(1)));
    if (!shape) return;
    const canvas = this.modeler.get("canvas");
    if (canvas.zoom() < READABLE) canvas.zoom(READABLE);
    this.modeler.get("selection").select(shape);
    canvas.scrollToElement(shape, { top: 120, bottom: 120, left: 160, right: 160 });
  }

  // -- the diagram

  // What is shown and what is stored are the same text until something is changed: opening alone writes nothing.
  async import(xml, { fit = false, changed = false, selected = this.selected() } = {}) {
    const before = fit ? null : this.modeler.get("canvas").viewbox();
    let result;
    try {
      result = await show(this.modeler, xml);
    } catch (error) {
      this.broken = xml;
      this.notes.show("broken", "red", t("这张图读不出来，原文件没有改动：{why}", { why: error.message }));
      return false;
    }
    this.broken = null;
    this.notes.hide("broken");
    this.stored = changed || result.laidOut ? null : xml;
    if (fit) overview(this.modeler);
    else this.modeler.get("canvas").viewbox(before);
    const again = !fit && selected && this.modeler.get("elementRegistry").get(selected);
    if (again) this.modeler.get("selection").select(again);
    else this.panel.show(null);
    if (result.warnings.length) this.notes.show("warnings", "amber", t("有 {n} 处内容读不懂，保存改动后会丢失；要保留请先导出原文件", { n: result.warnings.length }), { list: result.warnings, actions: [[t("知道了"), () => this.notes.hide("warnings")]] });
    else this.notes.hide("warnings");
    if (result.laidOut) {
      this.notes.show("layout", "blue", t("图中没有位置的元素已自动排好"), { actions: [[t("知道了"), () => this.notes.hide("layout")]] });
      this.saving.changed();
    } else if (changed) this.saving.changed();
    return true;
  }

  selected() {
    return this.modeler.get("selection").get()[0]?.id;
  }

  // Another diagram in place of this one. Undo leads back to this one and to every step before it.
  async replace(xml, { manifest = { text: this.manifestText, data: this.manifestData }, ...how } = {}) {
    const selected = this.selected();
    const past = await this.history.states(true);
    this.setManifest(manifest);
    const shown = await this.import(xml, { ...how, selected });
    if (!shown) {
      const { xml: before, manifest: was } = past.pop();
      this.setManifest(was);
      await this.import(before, { ...how, changed: false, selected });
    }
    this.history.remember(past);
    return shown;
  }

  async files() {
    const xml = this.broken ?? this.stored ?? (await xmlOf(this.modeler));
    return { [DIAGRAM]: xml, [MANIFEST]: this.manifestText };
  }

  wire() {
    this.modeler.on("commandStack.changed", ({ trigger }) => {
      if (trigger === "clear" || this.history.walking) return;
      this.stored = null;
      this.saving.changed();
      if (trigger === "execute") this.history.executed();
      else this.history.show();
    });
    zooming(this.modeler);
    this.history.wire(byId("undo"), byId("redo"));
    const toggle = withSimulation(this.modeler, byId("editor-canvas"), (on) => this.simulating(on));
    byId("simulate").addEventListener("click", toggle);
    byId("minimap").addEventListener("click", () => this.modeler.get("minimap").toggle());
    byId("find").addEventListener("click", () => this.modeler.get("searchPad").toggle());
    // The search listens to keys only; a word chosen in an input method, pasted or dictated comes without one.
    const sought = byId("editor-canvas").querySelector(".djs-search-input input");
    sought.addEventListener("input", () => sought.dispatchEvent(new KeyboardEvent("keyup", { key: "Unidentified", bubbles: true })));
    byId("export-svg").addEventListener("click", async () => offer(`${settings.key}.svg`, new Blob([await svgOf(this.modeler)], { type: "image/svg+xml" })));
    byId("export-png").addEventListener("click", async () => offer(`${settings.key}.png`, await pngOf(this.modeler)));
    byId("import-file").addEventListener("change", ({ target }) => this.take(target));
    byId("check").addEventListener("click", (event) => {
      event.preventDefault();
      this.saving.flush().then(() => this.dock.check());
      byId("problems").scrollIntoView({ block: "nearest" });
    });
    for (const link of document.querySelectorAll("a[data-after-save]")) link.addEventListener("click", (event) => this.leave(event, link));
    document.addEventListener("keydown", (event) => this.key(event), true);
    document.addEventListener("click", ({ target }) => this.fold(target));
  }

  fold(target) {
    for (const menu of document.querySelectorAll(".db-edtop details.db-menu[open]")) if (!menu.contains(target) || target.closest(".db-menu > div")) menu.open = false;
  }

  // Links go to pages of the stored draft: what is still here is stored first.
  async leave(event, link) {
    if (!this.saving.dirty || event.defaultPrevented || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    await this.saving.flush();
    if (!this.saving.dirty) location.href = link.href;
  }

  key(event) {
    const command = event.ctrlKey || event.metaKey;
    const pressed = event.key.toLowerCase();
    if (command && pressed === "s") {
      event.preventDefault();
      const field = byId("editor-props").contains(event.target) ? event.target : null;
      field?.blur(); // what is typed counts
      field?.focus();
      this.saving.flush();
    }
    if (command && pressed === "f") {
      event.preventDefault();
      event.stopPropagation();
      this.modeler.get("searchPad").toggle();
    }
    if (command && ["z", "y"].includes(pressed) && !isTyping(event.target)) {
      event.preventDefault();
      event.stopPropagation(); // the modeler knows its own steps only
      if (pressed === "y" || event.shiftKey) this.history.redo();
      else this.history.undo();
    }
  }

  simulating(on) {
    this.page.classList.toggle("is-simulating", on);
    byId("simulate").setAttribute("aria-pressed", String(on));
    byId("editor-props").inert = byId("editor-palette").inert = on;
  }

  say(text) {
    byId("editor-said").textContent = text;
  }

  async take(input) {
    const [file] = input.files;
    input.value = "";
    if (!file) return;
    if (!(await this.replace(await file.text(), { fit: true, changed: true }))) {
      return this.notes.show("import", "red", t("“{name}”不是能打开的 BPMN 图，草稿没有改动", { name: file.name }), { actions: [[t("知道了"), () => this.notes.hide("import")]] });
    }
    this.notes.show("import", "blue", t("已导入“{name}”，可以撤销", { name: file.name }), { actions: [[t("知道了"), () => this.notes.hide("import")]] });
  }

  // -- process.toml

  async loadManifest(text) {
    this.setManifest(await this.readManifest(text));
  }

  async readManifest(text) {
    const { ok, data } = await send(settings.urls.manifest, "POST", { text });
    if (ok) this.notes.hide("manifest");
    else this.notes.show("manifest", "red", t("process.toml 读不出来，流程属性不能在这里改"));
    return { text, data: ok ? data.manifest : {} };
  }

  async changeManifest(changes) {
    let answer;
    try {
      answer = await send(settings.urls.manifest, "POST", { text: this.manifestText, changes });
    } catch {
      return this.notes.show("manifest", "amber", t("连不上服务器，流程属性没有改成"));
    }
    if (!answer.ok) return this.notes.show("manifest", "red", t("流程属性没有改成"));
    this.notes.hide("manifest");
    return this.history.manifest({ text: this.manifestText, data: this.manifestData }, { text: answer.data.text, data: answer.data.manifest });
  }

  setManifest({ text, data }) {
    this.manifestText = text;
    this.manifestData = data;
  }

  atProcess() {
    this.modeler.get("selection").select([]);
    this.panel.show(null);
    byId("editor-props").querySelector("[role=tab]")?.focus();
  }

  // -- the draft

  async readCatalogue() {
    try {
      const { ok, data } = await send(settings.urls.catalogue, "GET");
      if (!ok) return;
      this.panel.catalogue = data;
      this.palette.offer(data.fragments);
    } catch {
      return; // what was known stays
    }
  }

  async afterSave() {
    await Promise.all([this.readCatalogue(), this.dock.check()]);
    if (!byId("editor-props").contains(document.activeElement)) this.panel.draw();
  }

  stateOf(name, detail = {}) {
    const shown = byId("save-state");
    const texts = { saving: t("正在保存"), changed: t("有改动"), offline: t("连不上服务器，改动还在本页，正在重试"), away: t("登录已过期，改动还在本页"), conflict: t("没有保存：有人先改了"), refused: t("没有保存") };
    if (name === "saved" && !detail.at) shown.textContent = this.savedText ?? "";
    else if (name === "saved") shown.textContent = this.savedText = t("已自动保存 {time}", { time: clock(detail.at) });
    else shown.textContent = texts[name];
    shown.dataset.state = name;
    if (name === "away") this.signIn();
    else if (name === "saved" || name === "changed") this.notes.hide("away");
    if (name === "conflict") this.conflict(detail);
    if (name === "refused") this.notes.show("refused", "red", detail.data?.detail ?? t("没有保存，错误代码 {code}", { code: detail.status }), { actions: [[t("另存为副本"), () => this.keepCopy()]] });
  }

  // Somebody else changed other files: taken in, and said.
  async merged(files, who, before) {
    if (files[MANIFEST] !== before[MANIFEST]) await this.loadManifest(files[MANIFEST] ?? "");
    if (files[DIAGRAM] !== before[DIAGRAM]) await this.import(files[DIAGRAM] ?? "");
    this.notes.show("merged", "blue", t("{who} 于 {time} 改了 {files}，已并入", { who: who.by, time: clock(who.at), files: who.files.join("、") }), { actions: [[t("知道了"), () => this.notes.hide("merged")]] });
    await this.readCatalogue();
  }

  // The session has ended: what is typed stays, and goes as soon as somebody has signed in beside this page.
  signIn() {
    this.notes.show("away", "amber", t("登录已过期，改动还在本页。在另一个标签页登录后会自动接着保存。"), {
      actions: [[t("去登录"), () => window.open(settings.urls.sign_in, "_blank", "noopener")]],
    });
  }

  conflict(detail) {
    this.notes.show("conflict", "amber", t("{who} 于 {time} 改了 {files}。这里的改动没有覆盖，也没有丢。", { who: detail.by, time: clock(detail.at), files: detail.files.join("、") }), {
      actions: [
        [t("另存为副本"), () => this.keepCopy()],
        [t("载入新内容"), () => this.reload()],
      ],
    });
  }

  // What stands here is laid aside first: undo brings it back, to be compared or kept.
  async reload() {
    const files = await this.saving.load();
    await this.replace(files[DIAGRAM] ?? "", { manifest: await this.readManifest(files[MANIFEST] ?? "") });
    this.notes.hide("conflict");
    this.stateOf("saved", {});
    this.say(t("已载入新内容，撤销可以回到自己的改动"));
    await this.afterSave();
    this.panel.draw();
  }

  async keepCopy() {
    const answer = await send(settings.urls.copy, "POST", { files: await this.files() }).catch(() => null);
    if (!answer?.ok) return this.notes.show("copy", "red", t("副本没有存成，改动还在本页"));
    this.saving.dirty = false;
    location.href = answer.data.url;
  }

  async snapshot() {
    return { xml: (await this.files())[DIAGRAM], manifest: { text: this.manifestText, data: this.manifestData } };
  }

  async restore({ xml, manifest }) {
    this.setManifest(manifest);
    await this.import(xml, { changed: true });
    this.panel.draw();
  }

  async fix(problem) {
    await this.saving.flush();
    if (this.saving.dirty) return this.say(t("改动还没有存上，存上后再修正"));
    let answer;
    try {
      answer = await send(settings.urls.fixes, "POST", { rev: this.saving.rev, fix: problem.fix.id });
    } catch {
      return this.stateOf("offline");
    }
    if (answer.status === 409) return this.conflict(answer.data);
    if (!answer.ok) return this.notes.show("fix", "red", answer.data?.detail ?? t("没有修正成"), { actions: [[t("知道了"), () => this.notes.hide("fix")]] });
    const { rev, files } = answer.data;
    this.saving.moved(rev, files);
    const manifest = files[MANIFEST] === undefined ? undefined : await this.readManifest(files[MANIFEST] ?? "");
    if (files[DIAGRAM] !== undefined) await this.replace(files[DIAGRAM] ?? "", { manifest });
    else if (manifest) this.history.manifest({ text: this.manifestText, data: this.manifestData }, manifest);
    this.say(t("已修正：{what}", { what: problem.fix.label }));
    this.panel.draw();
    return this.afterSave();
  }

  // For the tests and for whoever looks from outside: what stands on the canvas now.
  get shapes() {
    return this.modeler.get("elementRegistry").filter((each) => !is(each, "label") && semantic(each));
  }
}


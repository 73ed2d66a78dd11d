// Photos and files that go up as soon as they are chosen: [data-photos] and [data-files] (macros photo_picker, file_picker).
// POST multipart to data-upload, field "file"; the answer is JSON {id, thumbnail_url, url, name}. A hidden input named
// data-name carries the id. A failed upload stays on the page with 重试; a form sent while one is under way goes when all
// of its uploads are through. Where one of those fails the form stays, and a toast says so; what had failed before it
// was sent does not hold it.
import { eachNow, element, icon, on } from "./dom.js";
import { csrfToken, text } from "./strings.js";
import { toast } from "./toast.js";

const PICKER = "[data-photos], [data-files]";
const waiting = new WeakMap(); // form → the button it was sent with, while uploads are under way
const items = (picker) => [...picker.querySelectorAll("[data-item]")];
const changed = (picker) => picker.dispatchEvent(new Event("change", { bubbles: true }));

function send(picker, file, progress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest(); // fetch reports no upload progress
    request.open("POST", picker.dataset.upload);
    request.setRequestHeader("X-CSRFToken", csrfToken());
    request.setRequestHeader("Accept", "application/json");
    request.responseType = "json";
    request.upload.onprogress = (event) => event.lengthComputable && progress(event.loaded / event.total);
    request.onload = () => (request.status < 300 && request.response?.id ? resolve(request.response) : reject(new Error(request.response?.detail ?? "")));
    request.onerror = request.ontimeout = () => reject(new Error(""));
    const data = new FormData();
    data.append("file", file, file.name);
    data.append("kind", picker.hasAttribute("data-photos") ? "photo" : "file");
    request.send(data);
  });
}

function draw(picker, file) {
  const photo = picker.hasAttribute("data-photos");
  const n = items(picker).length + 1;
  const remove = element("button", { type: "button", "data-item-remove": true, "aria-label": text("remove_photo", { n: photo ? n : file.name }), class: photo ? null : "btn btn-bare btn-sm" }, icon("x"));
  const bar = element("progress", { max: "1", value: "0", "aria-label": text("uploading", { n: photo ? n : file.name }) });
  if (!photo) return element("li", { "data-item": true }, icon("paperclip"), element("span", { class: "db-one" }, file.name), bar, remove);
  const image = element("img", { alt: text("photo", { n }), width: "104", height: "78" });
  if (/^image\/(jpeg|png|webp|gif)$/.test(file.type)) {
    image.src = URL.createObjectURL(file);
    image.addEventListener("load", () => URL.revokeObjectURL(image.src), { once: true });
    image.addEventListener("error", () => image.removeAttribute("src")); // no picture, whatever its name says: the alternative text stands there
  }
  return element("figure", { class: "db-ph", "data-item": true }, image, bar, remove);
}

async function upload(picker, file, item) {
  item.classList.remove("is-failed");
  item.querySelector("[data-item-failed]")?.remove();
  item.dataset.uploading = "1";
  const bar = item.querySelector("progress");
  if (bar) bar.hidden = false;
  try {
    const stored = await send(picker, file, (share) => bar && (bar.value = share));
    item.append(element("input", { type: "hidden", name: picker.dataset.name, value: stored.id }));
    const image = item.querySelector("img");
    if (image && stored.thumbnail_url) image.src = stored.thumbnail_url;
    bar?.remove();
    changed(picker);
  } catch (error) {
    item.classList.add("is-failed");
    if (bar) bar.hidden = true;
    const retry = element("button", { type: "button", class: "db-link" }, text("retry"));
    retry.addEventListener("click", () => upload(picker, file, item));
    const said = element(item.tagName === "FIGURE" ? "figcaption" : "span", { "data-item-failed": true, class: "db-err", role: "alert" }, `${error.message || text("upload_failed")} `, retry);
    item.append(said);
    sendNoMore(picker.closest("form"));
  } finally {
    delete item.dataset.uploading;
    showAdd(picker);
    sendWhatWaits(picker.closest("form"));
  }
}

function sendWhatWaits(form) {
  if (!form?.isConnected || !waiting.has(form) || form.querySelector("[data-uploading]")) return;
  const button = waiting.get(form);
  waiting.delete(form);
  form.requestSubmit(button?.isConnected ? button : null);
}

// The toast had promised to send the form: whoever walked away has to hear that it was not sent
function sendNoMore(form) {
  if (form && waiting.delete(form)) toast(text("wait_failed"));
}

function showAdd(picker) {
  const full = items(picker).length >= Number(picker.dataset.max || 99);
  for (const button of picker.querySelectorAll("[data-item-add]")) {
    button.hidden = full || (button.dataset.itemAdd === "camera" && !matchMedia("(pointer: coarse)").matches);
  }
}

function take(picker, files) {
  const list = picker.querySelector("[data-item-list]");
  const room = Number(picker.dataset.max || 99) - items(picker).length;
  if (files.length > room) toast(text("too_many", { n: picker.dataset.max }));
  for (const file of [...files].slice(0, Math.max(0, room))) {
    const item = draw(picker, file);
    list.append(item);
    upload(picker, file, item);
  }
  showAdd(picker);
}

eachNow(PICKER, (picker) => {
  picker.classList.add("is-live");
  showAdd(picker);
});
on("click", "[data-item-add]", (_event, button) => {
  const input = button.closest(PICKER).querySelector("input[type=file]");
  if (button.dataset.itemAdd === "camera") input.setAttribute("capture", "environment");
  else input.removeAttribute("capture");
  input.click();
});
on("change", ".is-live input[type=file]", (event, input) => {
  event.stopPropagation(); // the upload tells the form when there is something to save
  const picker = input.closest(PICKER);
  const files = [...input.files];
  input.value = ""; // or the browser would send the file again with the form
  take(picker, files);
});
on("click", "[data-item-remove]", (_event, button) => {
  const picker = button.closest(PICKER);
  button.closest("[data-item]").remove();
  showAdd(picker);
  changed(picker);
  sendWhatWaits(picker.closest("form"));
  picker.querySelector("[data-item-add]:not([hidden])")?.focus();
});
document.addEventListener(
  "submit",
  (event) => {
    if (!event.target.querySelector("[data-uploading]")) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    waiting.set(event.target, event.submitter);
    toast(text("wait_upload"));
  },
  true,
);

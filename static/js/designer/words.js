// Texts of the editor. The Chinese text is the message id, as everywhere; english.js has the other half.
import texts from "./english.js";

export const settings = JSON.parse(document.getElementById("editor-data")?.textContent || "{}");
export const english = settings.language === "en";

export function t(chinese, values = {}) {
  const found = english ? (texts[chinese] ?? chinese) : chinese;
  return found.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

// What data carries in both languages.
export const pick = (both) => (typeof both === "string" ? both : ((english && both?.en) || both?.zh || both?.en || ""));

// A time of day as the page shows it.
export const clock = (at) => new Date(at).toLocaleTimeString("zh-CN", { hour: "2-digit", minute: "2-digit", hour12: false, timeZone: "Asia/Shanghai" });

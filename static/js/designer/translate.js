// The modeler's own texts. Chinese: what bpmn-js-i18n has, and ours in the office's words before it.
import shipped from "bpmn-js-i18n/translations/zn.js";
import { english } from "./words.js";
import ours from "./chinese.js";

export const untranslated = new Set();

export function translate(template, replacements = {}) {
  let text = template;
  if (!english) {
    text = ours[template] ?? shipped[template];
    if (text === undefined) {
      untranslated.add(template);
      text = template;
    }
  }
  return text.replace(/\{([^}]+)\}/g, (whole, name) => (name in replacements ? replacements[name] : whole));
}

export default { translate: ["value", translate] };

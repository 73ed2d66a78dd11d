// A name that is too long for its shape ends in …, instead of running over what stands around it; the panel has all of it.
const SHORT = 10; // so much fits everywhere

class Names {
  constructor(textRenderer) {
    const create = textRenderer.createText;
    textRenderer.createText = (text, options = {}) => create(fitting(textRenderer, text ?? "", options), options);
  }
}
Names.$inject = ["textRenderer"];

function fitting(textRenderer, text, options) {
  const { box, align, padding = 0 } = options;
  if (align !== "center-middle" || !box?.height || text.length <= SHORT) return text;
  const fits = (shown) => textRenderer.getDimensions(shown, options).height <= box.height - 2 * padding;
  if (fits(text)) return text;
  const signs = [...text];
  let [least, most] = [0, signs.length];
  while (least < most) {
    const middle = Math.ceil((least + most) / 2);
    if (fits(`${signs.slice(0, middle).join("")}…`)) least = middle;
    else most = middle - 1;
  }
  return `${signs.slice(0, least).join("")}…`;
}

export default { __init__: ["dubanNames"], dubanNames: ["type", Names] };

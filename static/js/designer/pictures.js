// The diagram as SVG and PNG, always in the colours of the light theme and on paper.
const TOKENS = ["--db-surface", "--db-ink-3", "--db-ink", "--db-ink-2"];

export function colours() {
  const tokens = getComputedStyle(document.documentElement);
  const token = (name) => tokens.getPropertyValue(name).trim();
  return { defaultFillColor: token("--db-surface"), defaultStrokeColor: token("--db-ink-2"), defaultLabelColor: token("--db-ink") };
}

// What each token is in the light theme, whatever the page shows now.
function light() {
  const probe = document.createElement("div");
  probe.dataset.bsTheme = "light";
  document.body.append(probe);
  const there = getComputedStyle(probe);
  const now = getComputedStyle(document.documentElement);
  const pairs = TOKENS.map((name) => [now.getPropertyValue(name).trim(), there.getPropertyValue(name).trim()]);
  probe.remove();
  return pairs;
}

function asRgb(colour) {
  const [r, g, b] = (colour.length === 4 ? [...colour.slice(1)].map((each) => each + each) : colour.slice(1).match(/../g)).map((each) => parseInt(each, 16));
  return `rgb(${r}, ${g}, ${b})`;
}

export async function svgOf(modeler) {
  const { svg } = await modeler.saveSVG();
  const marks = light().flatMap(([now, paper], at) => [[now, `§${at}§`], [asRgb(now), `§${at}§`]].map(([from, to]) => [from, to, paper]));
  const marked = marks.reduce((text, [from, to]) => text.split(from).join(to), svg);
  return light().reduce((text, [, paper], at) => text.split(`§${at}§`).join(paper), marked);
}

export function offer(name, blob) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

const SCALE = 2;
const LARGEST = 16000; // pixels of a canvas' side

export async function pngOf(modeler) {
  const svg = await svgOf(modeler);
  const image = new Image();
  image.src = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  await image.decode();
  const scale = Math.min(SCALE, LARGEST / Math.max(image.width, image.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.ceil(image.width * scale);
  canvas.height = Math.ceil(image.height * scale);
  const paper = canvas.getContext("2d");
  paper.fillStyle = "white";
  paper.fillRect(0, 0, canvas.width, canvas.height);
  paper.drawImage(image, 0, 0, canvas.width, canvas.height);
  URL.revokeObjectURL(image.src);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

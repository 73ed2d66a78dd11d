// Photos on the phone: made smaller before they are kept, so that a day's work fits and goes up over a weak network.
const LONGEST = 2000; // pixels
const QUALITY = 0.85;

export async function smaller(file) {
  try {
    const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = Math.min(1, LONGEST / Math.max(bitmap.width, bitmap.height));
    if (scale === 1 && file.type === "image/jpeg") return file;
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(bitmap.width * scale);
    canvas.height = Math.round(bitmap.height * scale);
    canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    bitmap.close();
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
    return blob ?? file;
  } catch {
    return file; // a format that the browser cannot draw (HEIC): the server can
  }
}

// The same bytes each time it is sent, boundary included: the server knows a repeat by its key and its content.
export function multipart(photo) {
  const boundary = `duban-${photo.id}`;
  const part = (name, extra = "") => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"${extra}\r\n`;
  const type = photo.blob.type || "image/jpeg";
  const ending = { "image/png": "png", "image/webp": "webp", "image/heic": "heic", "image/heif": "heif" }[type] ?? "jpg";
  const body = new Blob([
    part("kind"), "\r\nphoto\r\n",
    part("file", `; filename="${photo.id}.${ending}"`), `Content-Type: ${type}\r\n\r\n`, photo.blob, `\r\n--${boundary}--\r\n`,
  ]);
  return { body, type: `multipart/form-data; boundary=${boundary}` };
}

/**
 * Photos in the form: taken, shown small, said in words, removed and brought back. A photo is drawn anew, at most so
 * large, before it is kept: what the camera noted beside it (when and where) goes no further.
 */

import { MOST_PHOTOS } from "./answers.js";
import { boxes } from "./controls.js";
import { Rows } from "./rows.js";

/**
 * @typedef {import("./definition.js").Field} Field
 * @typedef {import("./definition.js").Mapping} Mapping
 *
 * @typedef {object} Keeper where photos are kept
 * @property {(jpeg: ArrayBuffer) => Promise<Mapping>} keep answers how the form names it, once it is on the disk
 * @property {(photo: Mapping) => Promise<ArrayBuffer | null>} open null: it is not on this tablet
 */

/** Of the longer side. */
const LARGEST = 1600;
const SMALL = 320;
const QUALITY = 0.8;

export class Photos extends Rows {
  /**
   * @param {HTMLElement} control
   * @param {Field} field
   * @param {Keeper} keeper
   * @param {() => void} changed
   */
  constructor(control, field, keeper, changed) {
    super(control, { ...field, item: "Photo", fields: [] }, []);
    this.keeper = keeper;
    this.changed = changed;
    /** How the form names the photo of each row. @type {WeakMap<Element, Mapping>} */
    this.named = new WeakMap();
    this.adding = /** @type {HTMLElement} */ (control.querySelector("[data-photo-add]"));
    this.told = /** @type {HTMLElement} */ (control.querySelector("[data-photo-told]"));
    const file = /** @type {HTMLInputElement} */ (control.querySelector("[data-photo-file]"));
    file.addEventListener("change", async () => {
      const [chosen] = file.files ?? [];
      if (!chosen || file.disabled) return;
      // Not another before this one is on the disk.
      file.disabled = true;
      await this.take(chosen);
      file.disabled = false;
      file.value = "";
    });
  }

  /** @param {Blob} chosen */
  async take(chosen) {
    this.tell("Adding the photo");
    try {
      const photo = await this.keeper.keep(await drawnAnew(chosen));
      this.forget();
      const element = this.insert(photo, this.elements.length);
      this.tell("");
      this.changed();
      boxes(element)[0]?.focus();
    } catch (error) {
      this.tell(error instanceof Error ? error.message : String(error));
    }
  }

  /** @param {string} words */
  tell(words) {
    this.told.textContent = words;
    this.told.hidden = words === "";
  }

  /** @param {HTMLElement} element */
  readRow(element) {
    return { ...this.named.get(element), caption: boxes(element)[0].value };
  }

  /**
   * @param {any} photo
   * @param {number} at
   */
  insert(photo, at) {
    const element = super.insert(photo, at);
    this.named.set(element, photo);
    boxes(element)[0].value = photo.caption;
    void this.draw(element, photo);
    return element;
  }

  /**
   * @param {HTMLElement} element
   * @param {Mapping} photo
   */
  async draw(element, photo) {
    const canvas = /** @type {HTMLCanvasElement} */ (element.querySelector("[data-photo]"));
    const jpeg = await this.keeper.open(photo).catch(() => null);
    if (jpeg) draw(canvas, await createImageBitmap(new Blob([jpeg])), SMALL);
    canvas.hidden = !jpeg;
    /** @type {HTMLElement} */ (element.querySelector("[data-photo-gone]")).hidden = jpeg !== null;
  }

  number() {
    super.number();
    for (const element of this.elements) {
      const title = String(element.getAttribute("aria-label"));
      element.querySelector("[data-photo]")?.setAttribute("aria-label", title);
    }
    this.adding.hidden = this.elements.length >= MOST_PHOTOS;
  }
}

/** @param {Blob} chosen */
async function drawnAnew(chosen) {
  const image = await createImageBitmap(chosen).catch(() => {
    throw new Error("This file is not a photo that can be shown. Nothing was added. Take the photo again.");
  });
  const canvas = document.createElement("canvas");
  draw(canvas, image, LARGEST);
  /** @type {Blob | null} */
  const jpeg = await new Promise((done) => canvas.toBlob(done, "image/jpeg", QUALITY));
  if (!jpeg)
    throw new Error("The tablet could not keep this photo. Nothing was added. Take the photo again.");
  return jpeg.arrayBuffer();
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {ImageBitmap} image
 * @param {number} largest
 */
function draw(canvas, image, largest) {
  const scale = Math.min(1, largest / Math.max(image.width, image.height));
  canvas.width = Math.max(1, Math.round(image.width * scale));
  canvas.height = Math.max(1, Math.round(image.height * scale));
  canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
  image.close();
}

/** Photos in a visit: the form's part of it, kept in the open vault. */

import { Photos } from "../forms/photos.js";
import { keepPhoto, openPhoto } from "../store/photo-box.js";

/**
 * @param {import("./app.js").App} app
 * @param {string} draftId
 * @returns {NonNullable<import("../forms/bind.js").BindOptions["photos"]>}
 */
export function photosIn(app, draftId) {
  const keeper = {
    keep: (/** @type {ArrayBuffer} */ jpeg) => keepPhoto(app.open, draftId, jpeg),
    open: (/** @type {any} */ photo) => openPhoto(app.open, photo),
  };
  return (control, field, changed) => new Photos(control, field, keeper, changed);
}

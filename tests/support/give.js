/**
 * Gives answers by script, each as one event after another: for a visit that a test begins with and is not about.
 * @param {[string, any][]} answers of the section that is open
 */
async (answers) => {
  const yesNo = (value) => (value ? "yes" : "no");
  const tick = (place, kind, value) => place.querySelector(`input[type="${kind}"][value="${value}"]`).click();

  function write(box, text) {
    box.focus();
    box.value = text;
    for (const type of ["input", "change"]) box.dispatchEvent(new Event(type, { bubbles: true }));
  }

  function writeDate(place, value) {
    const [date, time] = [value.slice(0, 10).split("-"), value.slice(11, 16)];
    const parts = { day: Number(date[2]), month: Number(date[1]), year: date[0], time };
    for (const [name, part] of Object.entries(parts)) {
      const box = place.querySelector(`input[id$="-${name}"]`);
      if (box) write(box, String(part));
    }
  }

  const GIVE = {
    yes_no: (place, value) => tick(place, "radio", yesNo(value)),
    yes_no_each: (place, value) => {
      for (const [code, each] of Object.entries(value))
        tick(place.querySelector(`[data-each="${code}"]`), "radio", yesNo(each));
    },
    choice: (place, value) => {
      const list = place.querySelector("select");
      if (list) write(list, value);
      else tick(place, "radio", value);
    },
    person: (place, value) => tick(place, "radio", value),
    choices: (place, value) => {
      for (const code of value) tick(place, "checkbox", code);
    },
    people: (place, value) => GIVE.choices(place, value),
    date: writeDate,
    month: writeDate,
    datetime: writeDate,
    list: (place, value) => {
      for (const [at, row] of value.entries()) {
        if (place.querySelectorAll("[data-row]").length <= at) place.querySelector("[data-add]").click();
        const here = place.querySelectorAll("[data-row]")[at];
        for (const [id, each] of Object.entries(row)) give(here.querySelector(`[data-part="${id}"]`), each);
      }
    },
  };

  function give(place, value) {
    if (value?.not_done) {
      place.querySelector("[data-say-undone]").click();
      tick(place.querySelector("[data-undone]"), "radio", value.not_done);
    } else if (GIVE[place.dataset.type]) GIVE[place.dataset.type](place, value);
    else write(place.querySelector("input, textarea"), String(value));
  }

  /** A question may be drawn a moment later, be asked only once the answer before it has been taken, or be folded away. */
  async function asked(id) {
    for (let turn = 0; turn < 200; turn++) {
      const place = document.querySelector(`[data-field="${id}"]`);
      if (place?.getClientRects().length) return place;
      if (place?.hidden === false) place.closest("details[data-more]")?.setAttribute("open", "");
      await new Promise(requestAnimationFrame);
    }
    throw new Error(`${id} is not asked`);
  }

  for (const [id, value] of answers) {
    give(await asked(id), value);
    document.activeElement.blur();
    // What was typed is judged once its question has been left.
    await new Promise((done) => setTimeout(done));
  }
}

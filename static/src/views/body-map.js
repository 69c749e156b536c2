/**
 * The body, front and back, to point at. It stands above the list of the same places, and both always say the same: the
 * list is what the keyboard and a screen reader use.
 */

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 200;
const HEIGHT = 372;

const HEAD = "M56 56a44 46 0 0 1 88 0z";
const JAW = "M56 56h88a44 46 0 0 1-88 0z";
const EAR = "M56 42a14 18 0 0 0 0 30z";
const NECK = "M78 97h44v25h-44z";
const UPPER = "M62 122h76l4 52h-84z";
const LOWER = "M58 174h84l-2 52h-80z";
const ARM = "M60 124l-2 52-20 32-32-16z";
const HAND = "M6 194l32 16a19 19 0 1 1-32-16z";
const FOOT = "M50 324h40v10a24 16 0 1 1-40 0z";

/**
 * The shape of each place. A star is a side: it is drawn on the viewer's left and mirrored to the right.
 * @type {{words: string, left: string, right: string, shapes: Record<string, string>}[]}
 */
const VIEWS = [
  {
    words: "Front",
    // Who looks at us has the right on our left.
    left: "right",
    right: "left",
    shapes: {
      "ear_*": EAR,
      head_front: HEAD,
      face: JAW,
      neck_front: NECK,
      chest: UPPER,
      abdomen: LOWER,
      genitals: "M60 226h80l-30 36h-20z",
      "arm_*_front": ARM,
      "hand_*": HAND,
      "leg_*_front": "M60 226l30 36h9l-9 62h-40z",
      "foot_*": FOOT,
    },
  },
  {
    words: "Back",
    left: "left",
    right: "right",
    shapes: {
      "ear_*": EAR,
      head_back: `${HEAD}${JAW}`,
      neck_back: NECK,
      back_upper: UPPER,
      back_lower: LOWER,
      buttocks: "M60 226h80l4 36h-88z",
      "arm_*_back": ARM,
      "hand_*": HAND,
      "leg_*_back": "M56 262h43l-9 62h-40z",
      "foot_*": FOOT,
    },
  },
];

/**
 * Draws the body above a list to choose from.
 * @param {HTMLElement} control the question's, with the list in it
 */
export function drawBody(control) {
  const list = control.querySelector("select");
  if (!list) return;
  const offered = new Set([...list.options].map(({ value }) => value));
  const picture = svg("svg", {
    class: "app-body",
    viewBox: `0 0 ${2 * WIDTH} ${HEIGHT}`,
    "aria-hidden": "true",
  });
  for (const [at, view] of VIEWS.entries()) picture.append(drawView(view, at * WIDTH, offered));
  picture.addEventListener("click", ({ target }) => {
    const place = /** @type {SVGElement} */ (target).dataset.place;
    if (!place) return;
    list.value = place;
    list.dispatchEvent(new Event("change", { bubbles: true }));
  });
  const follow = () => {
    for (const shape of /** @type {NodeListOf<SVGElement>} */ (picture.querySelectorAll("[data-place]")))
      shape.classList.toggle("app-body__chosen", shape.dataset.place === list.value);
  };
  list.addEventListener("change", follow);
  follow();
  control.prepend(picture);
}

/**
 * @param {typeof VIEWS[number]} view
 * @param {number} x
 * @param {Set<string>} offered
 */
function drawView({ words, left, right, shapes }, x, offered) {
  const group = svg("g", { transform: `translate(${x})` });
  for (const [place, d] of Object.entries(shapes)) {
    const sides = place.includes("*") ? [left, right] : [""];
    for (const [turn, side] of sides.entries()) {
      const one = place.replace("*", side);
      if (!offered.has(one)) continue;
      const shape = svg("path", { d, "data-place": one });
      if (turn) shape.setAttribute("transform", `matrix(-1 0 0 1 ${WIDTH} 0)`);
      group.append(shape);
    }
  }
  const name = svg("text", { x: String(WIDTH / 2), y: String(HEIGHT - 4), "text-anchor": "middle" });
  name.textContent = words;
  group.append(name, side(12, left), side(WIDTH - 12, right));
  return group;
}

/**
 * Which side is the child's own left.
 * @param {number} x
 * @param {string} words
 */
function side(x, words) {
  const anchor = x < WIDTH / 2 ? "start" : "end";
  const text = svg("text", { x: String(x), y: "110", "text-anchor": anchor });
  text.textContent = words === "left" ? "Left" : "Right";
  return text;
}

/**
 * @param {string} name
 * @param {Record<string, string>} attributes
 */
function svg(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

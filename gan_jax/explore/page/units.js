// Units of a layer: where they fire, removing and inserting them, everywhere or where one paints.
import { ask, asked, change, element, model, scene, tell, unitsOf, watch } from "./state.js";

const FEW = 48, TILE = 48; // pixels of a tile within its border
let seen = null; // what the server said of the layer: sheet, levels, ...
let sheet = null, looked = new Set(), all = false, painting = false, asking = 0, last = "", slow = null;

const layer = () => model.layers.find((each) => each.name === element("layer").value);
const chosen = (name) => document.querySelector(`input[name=${name}]:checked`).value;
const strength = () => Number(element("strength").value);

export function startUnits() {
  element("units-body").hidden = !model.layers.length;
  element("no-layers").hidden = model.layers.length > 0;
  if (!model.layers.length) return;
  for (const each of model.layers)
    element("layer").add(new Option(`${each.name}: ${each.units} units, ${each.height} × ${each.width}`, each.name));
  element("layer").value = model.layers[Math.min(1, model.layers.length - 1)].name;
  element("layer").onchange = () => { looked.clear(); last = ""; setWhere(); look(); };
  element("order").onchange = show;
  element("units-panel").ontoggle = () => { setWhere(); look(); };
  element("all-units").onclick = () => { all = !all; show(); };
  element("clear-layer").onclick = () => {
    looked.clear();
    change((scene) => { delete scene.layers[layer().name]; }, "units");
    setWhere();
  };
  element("strength").oninput = () => change(() => {
    const insert = unitsOf(layer().name).insert;
    for (const unit of Object.keys(insert)) insert[unit] = level(unit);
  }, "units");
  for (const input of document.querySelectorAll("input[name=where]")) input.onchange = () => whereChanged(input.value);
  for (const input of document.querySelectorAll("input[name=click]")) input.onchange = () => overlay();
  element("wipe").onclick = () => change(() => { unitsOf(layer().name).where?.fill(0); }, "units");
  brush();
  watch((what) => { if (what === "reset") { looked.clear(); setWhere(); } mark(); overlay(); look(); });
}

const level = (unit) => Number((strength() * seen.levels[unit]).toPrecision(4));

function whereChanged(value) {
  change(() => {
    const { height, width, name } = layer();
    unitsOf(name).where = value === "brush" ? new Uint8Array(height * width) : null;
  }, "units");
  setWhere();
}

// What the controls say, of this layer.
function setWhere() {
  const where = scene.layers[layer().name]?.where ?? null;
  document.querySelector(`input[name=where][value=${where ? "brush" : "all"}]`).checked = true;
  element("brush-row").hidden = !where;
  painting = Boolean(where) && element("units-panel").open;
  document.body.classList.toggle("painting", painting);
  overlay();
}

// Asks where the layer's units fire, once for each image.
function look() {
  if (!element("units-panel").open) return;
  const others = structuredClone(asked(scene));
  delete others.layers?.[layer().name];
  const now = JSON.stringify([layer().name, others]);
  if (now === last) return;
  last = now;
  const mine = ++asking;
  clearTimeout(slow);
  slow = setTimeout(async () => {
    if (!seen) element("units-told").textContent = "Looking at 32 images, to know how high each unit fires …";
    try {
      const found = await (await ask("api/units", { scene: others, layer: layer().name })).json();
      const bitmap = await createImageBitmap(bytes(found.sheet));
      if (mine !== asking) return;
      [seen, sheet] = [found, bitmap];
      show();
    } catch (error) {
      last = "";
      tell(error);
    }
  }, 150);
}

const bytes = (text) => new Blob([Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))], { type: "image/png" });

function show() {
  if (!seen) return;
  const box = element("units"), n = seen.levels.length;
  const share = (unit) => seen.here[unit] / Math.max(seen.levels[unit], 1e-6);
  const order = [...Array(n).keys()];
  const touched = (unit) => Number(["remove", "insert"].includes(stateOf(unit))); // first, so that they are found again
  if (element("order").value === "here") order.sort((a, b) => touched(b) - touched(a) || share(b) - share(a));
  const shown = all ? order : order.slice(0, FEW);
  element("all-units").hidden = n <= FEW;
  element("all-units").textContent = all ? `Show ${FEW}` : `Show all ${n}`;
  element("units-told").textContent = "Bright: the unit fires there, white as high as it usually does at its highest place.";
  const rows = Math.ceil(n / seen.columns);
  const url = `url(data:image/png;base64,${seen.sheet})`;
  box.replaceChildren(...shown.map((unit) => {
    const button = document.createElement("button");
    button.className = "unit";
    button.dataset.unit = unit;
    button.innerHTML = `<b>${unit}</b>`;
    button.title = `Unit ${unit}: ${seen.here[unit]} at its highest here, usually ${seen.levels[unit]}`;
    const x = unit % seen.columns, y = Math.floor(unit / seen.columns);
    button.style.backgroundImage = url;
    button.style.backgroundSize = `${TILE * seen.columns}px ${TILE * rows}px`;
    button.style.backgroundPosition = `${-TILE * x}px ${-TILE * y}px`;
    button.onclick = () => clicked(unit);
    return button;
  }));
  mark();
  overlay();
}

function clicked(unit) {
  const how = chosen("click");
  if (how === "look") {
    looked.has(unit) ? looked.delete(unit) : looked.add(unit);
    mark();
    return overlay();
  }
  change(() => {
    const units = unitsOf(layer().name);
    const was = stateOf(unit);
    units.remove = units.remove.filter((each) => each !== unit);
    delete units.insert[unit];
    if (how === "remove" && was !== "remove") units.remove.push(unit);
    if (how === "insert" && was !== "insert") units.insert[unit] = level(unit);
  }, "units");
}

function stateOf(unit) {
  const units = scene.layers[layer().name];
  if (units?.remove.includes(unit)) return "remove";
  return units && unit in units.insert ? "insert" : looked.has(unit) ? "look" : "";
}

function mark() {
  element("strength-value").textContent = `${strength()} ×`;
  for (const button of element("units").children) {
    const state = stateOf(Number(button.dataset.unit));
    button.dataset.state = state;
    const told = { remove: ", removed", insert: ", inserted", look: ", shown on the picture" }[state] ?? "";
    button.ariaLabel = `Unit ${button.dataset.unit}${told}`;
    button.ariaPressed = Boolean(state);
  }
}

// Over the picture: where the units that are looked at fire, and what is painted.
function overlay() {
  const canvas = element("overlay"), here = layer();
  [canvas.width, canvas.height] = [512, Math.round((512 * model.height) / model.width)];
  const context = canvas.getContext("2d");
  if (!element("units-panel").open) return;
  if (seen && looked.size) heat(context, canvas);
  const where = scene.layers[here.name]?.where;
  if (!where) return;
  const [w, h] = [canvas.width / here.width, canvas.height / here.height];
  outline(context, where, here, w, h);
}

// The places to paint on, faintly, and a line about those that are painted: the picture stays in sight.
function outline(context, where, { width, height }, w, h) {
  const on = (x, y) => x >= 0 && y >= 0 && x < width && y < height && where[y * width + x];
  context.fillStyle = "rgb(128 128 128 / .3)";
  if (w >= 8) {
    for (let x = 1; x < width; x++) context.fillRect(x * w, 0, 1, height * h);
    for (let y = 1; y < height; y++) context.fillRect(0, y * h, width * w, 1);
  }
  context.strokeStyle = "#12b5ab";
  context.lineWidth = 3;
  context.beginPath();
  for (let y = 0; y <= height; y++)
    for (let x = 0; x <= width; x++) {
      if (Boolean(on(x, y)) !== Boolean(on(x - 1, y))) { context.moveTo(x * w, y * h); context.lineTo(x * w, (y + 1) * h); }
      if (Boolean(on(x, y)) !== Boolean(on(x, y - 1))) { context.moveTo(x * w, y * h); context.lineTo((x + 1) * w, y * h); }
    }
  context.stroke();
}

function heat(context, canvas) {
  const { width, height, columns } = seen;
  const tile = new OffscreenCanvas(width, height), small = tile.getContext("2d", { willReadFrequently: true });
  small.globalCompositeOperation = "lighten";
  for (const unit of looked) {
    const [x, y] = [(unit % columns) * width, Math.floor(unit / columns) * height];
    small.drawImage(sheet, x, y, width, height, 0, 0, width, height);
  }
  const pixels = small.getImageData(0, 0, width, height);
  for (let i = 0; i < pixels.data.length; i += 4) {
    const fires = pixels.data[i];
    pixels.data.set([255, 60 + 0.6 * fires, 20, Math.round(0.75 * fires)], i);
  }
  small.putImageData(pixels, 0, 0);
  context.imageSmoothingEnabled = true;
  context.drawImage(tile, 0, 0, canvas.width, canvas.height);
}

function brush() {
  const canvas = element("overlay");
  let down = false;
  const paint = (event) => {
    const { height, width, name } = layer(), box = canvas.getBoundingClientRect();
    const x = Math.floor(((event.clientX - box.left) / box.width) * width);
    const y = Math.floor(((event.clientY - box.top) / box.height) * height);
    const reach = Number(element("brush").value), on = element("erase").checked ? 0 : 1;
    const where = unitsOf(name).where;
    let moved = false;
    for (let j = Math.max(0, y - reach); j <= Math.min(height - 1, y + reach); j++)
      for (let i = Math.max(0, x - reach); i <= Math.min(width - 1, x + reach); i++)
        if (where[j * width + i] !== on) { where[j * width + i] = on; moved = true; }
    if (moved) change(() => {}, "units");
  };
  canvas.onpointerdown = (event) => { if (painting) { down = true; canvas.setPointerCapture(event.pointerId); paint(event); } };
  canvas.onpointermove = (event) => { if (down) paint(event); };
  canvas.onpointerup = canvas.onpointercancel = () => { down = false; };
}

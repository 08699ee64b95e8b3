// Seeds, truncation, class, noise, the second image and directions.
import { change, element, model, plain, scene, watch } from "./state.js";

const FURTHEST = 4; // of a direction, either way
const anySeed = () => Math.floor(Math.random() * 2 ** 32);
const short = (number) => number.toFixed(2);

export function startKnobs() {
  whole("seed", (value) => { scene.seed = value; }, () => scene.seed);
  whole("index", (value) => { scene.index = value; }, () => scene.index);
  whole("other-seed", (value) => { scene.other = [value, scene.other[1]]; }, () => scene.other[0]);
  whole("other-index", (value) => { scene.other = [scene.other[0], value]; }, () => scene.other[1]);
  element("random").onclick = () => change((scene) => { scene.seed = anySeed(); });
  element("other-random").onclick = () => change((scene) => { scene.other = [anySeed(), scene.other[1]]; });
  element("reset").onclick = () => change((scene) => Object.assign(scene, plain()), "reset");
  element("second-panel").hidden = !model.blends;
  slider("between", (value) => { scene.between = value; }, () => scene.between);
  truncation();
  classes();
  noise();
  styles();
  directions();
}

function whole(id, set, get) {
  const input = element(id);
  input.onchange = () => {
    const value = Number(input.value);
    if (Number.isInteger(value) && value >= 0 && value < 2 ** 32 && input.value !== "") change(() => set(value));
    else input.value = get();
  };
  watch(() => { if (document.activeElement !== input || Number(input.value) !== get()) input.value = get(); });
}

function slider(id, set, get) {
  const input = element(id);
  input.oninput = () => change(() => set(Number(input.value)));
  watch(() => { input.value = get(); element(`${id}-value`).textContent = short(get()); });
}

function truncation() {
  if (!model.truncation) return;
  const psi = model.truncation === "psi", input = element("truncation");
  const off = psi ? 1 : 4; // what the slider shows where there is none
  Object.assign(input, psi ? { min: -1, max: 1.5, step: 0.05 } : { min: 0.1, max: 4, step: 0.1 });
  element("truncation-row").hidden = false;
  element("truncation-label").textContent = psi ? "Truncation ψ" : "Truncation at";
  element("truncation-label").title = psi ? "0: the average image; 1: none" : "Latents beyond it are drawn again";
  input.oninput = () => change((scene) => { scene.truncation = Number(input.value); });
  element("truncation-off").onclick = () => change((scene) => { scene.truncation = null; });
  watch(() => {
    input.value = scene.truncation ?? off;
    element("truncation-value").textContent = scene.truncation === null ? "none" : short(scene.truncation);
  });
}

function classes() {
  if (!model.classes) return;
  const select = element("label");
  select.add(new Option("as drawn", ""));
  for (let i = 0; i < model.classes; i++) select.add(new Option(i, i));
  select.onchange = () => change((scene) => { scene.label = select.value === "" ? null : Number(select.value); });
  element("label-row").hidden = false;
  watch(() => { select.value = scene.label ?? ""; });
}

function noise() {
  element("noise-row").hidden = !model.noise;
  const inputs = document.querySelectorAll("input[name=noise]");
  for (const input of inputs) input.onchange = () => change((scene) => { scene.noise = input.value; });
  watch(() => { for (const input of inputs) input.checked = input.value === scene.noise; });
}

function styles() {
  element("styles-row").hidden = !model.styles;
  for (let i = 0; i < model.styles; i++) {
    const label = document.createElement("label"), input = document.createElement("input"), span = document.createElement("span");
    Object.assign(input, { type: "checkbox", value: i, ariaLabel: `Layer ${i} from the second image` });
    span.textContent = i;
    label.append(input, span);
    input.onchange = () => change((scene) => {
      scene.mixed = [...document.querySelectorAll("#styles input:checked")].map((each) => Number(each.value));
    });
    element("styles").append(label);
    watch(() => { input.checked = scene.mixed.includes(i); });
  }
}

function directions() {
  const box = element("directions");
  if (!model.directions.length) {
    box.innerHTML = '<p class="hint">None is saved for this generator. <code>gan_jax analyse --tool=directions</code> finds some, and ' +
      "<code>--directions=FILE.json</code> brings others.</p>";
    return;
  }
  model.directions.forEach((direction, i) => {
    const row = document.createElement("div");
    row.className = "slider";
    row.innerHTML = `<label for="direction-${i}"></label><input type="range" id="direction-${i}" min="${-FURTHEST}" max="${FURTHEST}" ` +
      `step="0.1"><output id="direction-${i}-value"></output><button>0</button><small></small>`;
    row.querySelector("label").textContent = direction.name;
    row.querySelector("button").ariaLabel = `${direction.name} to 0`;
    row.querySelector("small").textContent = `in ${direction.space}; 1 is ${direction.unit}`;
    row.querySelector("button").onclick = () => change((scene) => { scene.directions[direction.name] = 0; });
    box.append(row);
    slider(`direction-${i}`, (value) => { scene.directions[direction.name] = value; }, () => scene.directions[direction.name] ?? 0);
  });
}

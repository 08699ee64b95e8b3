// The scene that is shown, what the generator can do, and how the server is asked.

export const model = {};
export const scene = {};
const watchers = [];

export const element = (id) => document.getElementById(id);
export const watch = (watcher) => watchers.push(watcher);

export function plain() {
  return { seed: 0, index: 0, truncation: null, label: null, noise: "new", other: [0, 1], between: 0, mixed: [], directions: {}, layers: {} };
}

// One change of the scene, then all that shows it anew. what: which part of the page changed it.
export function change(turn, what = "") {
  turn(scene);
  for (const watcher of watchers) watcher(what);
  history.replaceState(null, "", "#" + encodeURIComponent(JSON.stringify(asked(scene))));
}

// The scene as the server reads it, without what does nothing.
export function asked(of) {
  const made = { seed: of.seed, index: of.index, noise: of.noise };
  if (of.truncation !== null) made.truncation = of.truncation;
  if (of.label !== null) made.label = of.label;
  made.other = of.other;
  if (of.between || of.mixed.length) Object.assign(made, { between: of.between, mixed: of.mixed });
  const directions = Object.entries(of.directions).filter(([, amount]) => amount);
  if (directions.length) made.directions = Object.fromEntries(directions);
  const layers = {};
  for (const [name, units] of Object.entries(of.layers)) {
    if (units.remove.length || Object.keys(units.insert).length)
      layers[name] = { remove: units.remove, insert: units.insert, ...(units.where && { where: packed(units.where) }) };
  }
  if (Object.keys(layers).length) made.layers = layers;
  return made;
}

// The image alone: what directions, mixing and units are compared with.
export function bare(of) {
  return asked({ ...plain(), seed: of.seed, index: of.index, truncation: of.truncation, label: of.label, noise: of.noise });
}

// What the address of the page says, as far as this generator has it.
export function fromAddress() {
  const found = plain();
  try {
    const said = JSON.parse(decodeURIComponent(location.hash.slice(1)) || "{}");
    for (const name of Object.keys(found)) if (said[name] !== undefined && name !== "layers") found[name] = said[name];
    for (const [name, units] of Object.entries(said.layers ?? {})) {
      const layer = model.layers.find((each) => each.name === name);
      if (!layer) continue;
      const where = units.where ? unpacked(units.where, layer.height * layer.width) : null;
      found.layers[name] = { remove: units.remove ?? [], insert: units.insert ?? {}, where };
    }
  } catch {
    return plain();
  }
  return found;
}

export function unitsOf(layer) {
  return (scene.layers[layer] ??= { remove: [], insert: {}, where: null });
}

export async function ask(path, body) {
  const options = body === undefined ? {} : { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    throw new Error("The server does not answer: was it ended?");
  }
  if (!answer.ok) throw new Error((await answer.json().catch(() => ({}))).error ?? answer.statusText);
  return answer;
}

export function tell(error) {
  element("error").hidden = !error;
  element("error").textContent = error ? error.message : "";
}

// Masks, a bit a place: as gan_jax.analysis.scenes.mask packs them.
function packed(mask) {
  const bytes = new Uint8Array(Math.ceil(mask.length / 8));
  mask.forEach((on, i) => { if (on) bytes[i >> 3] |= 128 >> (i & 7); });
  return btoa(String.fromCharCode(...bytes));
}

function unpacked(text, places) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return Uint8Array.from({ length: places }, (_, i) => (bytes[i >> 3] >> (7 - (i & 7))) & 1);
}

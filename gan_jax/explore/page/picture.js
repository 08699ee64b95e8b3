// The picture, its strip of other images, and the second image.
import { ask, asked, bare, change, element, model, plain, scene, tell, watch } from "./state.js";

const STRIP = 12;
let busy = false, wanted = false, comparing = false, first = 0, shown = "";
export let latest = null; // the picture's PNG
let drawn = 0;

export function startPicture() {
  const canvas = element("picture");
  [canvas.width, canvas.height] = [model.width, model.height];
  canvas.style.aspectRatio = `${model.width} / ${model.height}`;
  element("smooth").onchange = (event) => document.body.classList.toggle("smooth", event.target.checked);
  const compare = element("compare");
  const hold = (on) => () => { if (comparing !== on) { comparing = on; refresh(); } };
  compare.onpointerdown = hold(true);
  for (const end of ["onpointerup", "onpointerleave", "onpointercancel", "onblur", "onkeyup"]) compare[end] = hold(false);
  compare.onkeydown = (event) => { if (event.key === " " || event.key === "Enter") hold(true)(); };
  element("before").onclick = () => page(first - STRIP);
  element("after").onclick = () => page(first + STRIP);
  for (let i = 0; i < STRIP; i++) {
    const button = document.createElement("button");
    button.append(new Image());
    button.onclick = () => change((scene) => { scene.index = first + i; });
    element("strip").append(button);
  }
  watch(refresh);
  watch(() => {
    if (scene.index < first || scene.index >= first + STRIP) first = scene.index - (scene.index % STRIP);
    strip();
  });
}

function page(to) {
  first = Math.max(0, Math.min(to, 2 ** 32 - STRIP));
  strip();
}

// The newest scene is drawn; those that came and went while another was drawn are not.
export async function refresh() {
  wanted = true;
  document.body.dataset.busy = "1"; // for who waits for the picture
  if (busy) return;
  busy = true;
  while (wanted) {
    wanted = false;
    const before = performance.now();
    try {
      const answer = await ask("api/picture", { scene: comparing ? bare(scene) : asked(scene) });
      const blob = await answer.blob();
      const bitmap = await createImageBitmap(blob);
      const canvas = element("picture");
      [canvas.width, canvas.height] = [bitmap.width, bitmap.height];
      canvas.getContext("2d").drawImage(bitmap, 0, 0);
      if (!comparing) latest = blob;
      element("time").textContent = `${Math.round(performance.now() - before)} ms`;
      tell(null);
    } catch (error) {
      tell(error);
    }
  }
  element("picture").dataset.drawn = ++drawn;
  delete document.body.dataset.busy;
  busy = false;
}

const idle = async () => { while (busy) await new Promise((done) => setTimeout(done, 20)); };

async function strip() {
  const buttons = [...element("strip").children];
  buttons.forEach((button, i) => {
    button.setAttribute("aria-pressed", first + i === scene.index);
    button.setAttribute("aria-label", `Image ${first + i}`);
    button.title = `Image ${first + i}`;
  });
  element("before").disabled = first === 0;
  const { seed, truncation, label, noise } = scene;
  const now = JSON.stringify([first, seed, truncation, label, noise, scene.other]);
  if (now === shown) return;
  shown = now;
  await new Promise((done) => setTimeout(done, 250)); // a slider may still be on its way
  for (const [i, image] of [...buttons.map((button) => button.firstChild), element("second")].entries()) {
    await idle();
    if (now !== shown) return;
    const [of, index] = i < STRIP ? [seed, first + i] : scene.other;
    try {
      const answer = await ask("api/picture", { scene: asked({ ...plain(), seed: of, index, truncation, label, noise }) });
      URL.revokeObjectURL(image.src);
      image.src = URL.createObjectURL(await answer.blob());
      image.alt = i < STRIP ? "" : `Image ${index} of seed ${of}`;
    } catch {
      image.removeAttribute("src");
    }
  }
}

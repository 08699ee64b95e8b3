// The page: it asks what the generator can do, then sets up its controls.
import { ask, change, element, fromAddress, model, scene, tell } from "./state.js";
import { startPicture } from "./picture.js";
import { startKnobs } from "./knobs.js";
import { startUnits } from "./units.js";
import { startSave } from "./save.js";

try {
  Object.assign(model, await (await ask("api/model")).json());
  document.title = `${model.name} · gan_jax explore`;
  element("name").textContent = model.name;
  const facts = [`${model.width} × ${model.height} pixels`];
  if (model.classes) facts.push(`${model.classes} classes`);
  if (model.styles) facts.push(`${model.styles} layers of styles`);
  facts.push(`${model.directions.length} direction${model.directions.length === 1 ? "" : "s"}`);
  element("facts").textContent = facts.join(" · ");
  Object.assign(scene, fromAddress());
  startPicture();
  startKnobs();
  startUnits();
  startSave();
  change(() => {}, "reset");
} catch (error) {
  tell(error);
}

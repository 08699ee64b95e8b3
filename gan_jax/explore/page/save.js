// What one sees, as a PNG, a GIF, and the code that draws it again.
import { ask, asked, element, model, scene, tell, watch } from "./state.js";
import { latest } from "./picture.js";

export function startSave() {
  const sweep = element("sweep");
  if (model.blends) sweep.add(new Option("the way to the second image", "between"));
  if (model.truncation) sweep.add(new Option("truncation", "truncation"));
  for (const { name } of model.directions) sweep.add(new Option(name, name));
  element("save-gif").disabled = sweep.options.length === 0;
  element("save-png").onclick = () => { if (latest) download(latest, `${model.name}-${scene.seed}-${scene.index}.png`); };
  element("save-gif").onclick = gif;
  element("show-code").onclick = () => { element("code-row").hidden = !element("code-row").hidden; code(); };
  element("copy-code").onclick = copy;
  watch(code);
}

function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name.replace(/[^\w.-]+/g, "_");
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

async function gif() {
  const button = element("save-gif");
  button.disabled = true;
  try {
    const frames = Number(element("frames").value);
    const answer = await ask("api/gif", { scene: asked(scene), sweep: element("sweep").value, frames });
    const blob = await answer.blob();
    element("gif").src = URL.createObjectURL(blob);
    element("gif").hidden = false;
    download(blob, `${model.name}-${element("sweep").value}.gif`);
    tell(null);
  } catch (error) {
    tell(error);
  }
  button.disabled = false;
}

let slow = null;
function code() {
  if (element("code-row").hidden) return;
  clearTimeout(slow);
  slow = setTimeout(async () => {
    try {
      const text = await (await ask("api/code", { scene: asked(scene) })).text();
      element("code").textContent = text;
      element("save-code").href = URL.createObjectURL(new Blob([text], { type: "text/x-python" }));
    } catch (error) {
      tell(error);
    }
  }, 150);
}

async function copy() {
  try {
    await navigator.clipboard.writeText(element("code").textContent);
  } catch { // not every page may: then it is selected, to be copied by hand
    getSelection().selectAllChildren(element("code"));
    return;
  }
  element("copy-code").textContent = "Copied";
  setTimeout(() => { element("copy-code").textContent = "Copy"; }, 1500);
}

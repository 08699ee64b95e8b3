"""Shapes as a page that turns them: one HTML file, opened without a server or a network."""

from __future__ import annotations

import base64
import html
import json
import os
from collections.abc import Sequence

import numpy as np

from gan_jax.runtime.writers.atomic import write_atomically

_MOST = 400  # shapes on a page


def shapes_page(
    path: str | os.PathLike,
    voxels: np.ndarray,
    names: Sequence[str] = (),
    title: str = "Shapes",
    threshold: float = 0.5,
) -> None:
    """Writes voxels [N, D, H, W, 1] from 0 to 1 as an interactive page. It appears whole or not at all.

    A voxel counts where it is above the threshold. names: a line below each shape. Raises ValueError for more than 400
    shapes, or names of another number.
    """
    solids = np.asarray(voxels)[..., 0] > threshold
    if len(solids) > _MOST:
        raise ValueError(f"a page shows {_MOST} shapes at most, and these are {len(solids):,}: draw fewer")
    if names and len(names) != len(solids):
        raise ValueError(f"each shape has a name, and there are {len(names)} names of {len(solids)} shapes")
    packed = np.packbits(solids.reshape(len(solids), -1), axis=1)
    told = [str(name) for name in names] or [f"{i}" for i in range(len(solids))]
    shapes = [
        {"bits": base64.b64encode(bits.tobytes()).decode(), "name": name}
        for bits, name in zip(packed, told, strict=True)
    ]
    facts = json.dumps({"size": solids.shape[1:], "shapes": shapes}).replace("<", "\\u003c")
    page = _PAGE.replace("@TITLE@", html.escape(title)).replace("@FACTS@", facts)
    write_atomically(path, page.encode())


# Faces between a full and an empty voxel are painted from far to near. D runs away from the viewer, H down, W right.
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>@TITLE@</title>
<style>
body { font: 14px sans-serif; margin: 16px; background: #fff; color: #222; }
main { display: flex; flex-wrap: wrap; gap: 8px; }
figure { margin: 0; } figcaption { text-align: center; }
canvas { border: 1px solid #ddd; cursor: grab; touch-action: none; }
canvas:focus { outline: 2px solid #36c; }
</style></head>
<body><h1>@TITLE@</h1>
<p>Drag a shape, or press the arrow keys on it, to turn it; hold shift to turn all. <button id="front">Front</button></p>
<main></main>
<script type="application/json" id="facts">@FACTS@</script>
<script>
"use strict";
const facts = JSON.parse(document.getElementById("facts").textContent);
const [D, H, W] = facts.size, PIXELS = 180, LIGHT = [-0.45, -0.8, -0.4];
const SIDES = [[-1,0,0],[1,0,0],[0,-1,0],[0,1,0],[0,0,-1],[0,0,1]];
function faces(bits) {
  const raw = atob(bits), at = (d, h, w) => {
    if (d < 0 || h < 0 || w < 0 || d >= D || h >= H || w >= W) return 0;
    const i = (d * H + h) * W + w;
    return (raw.charCodeAt(i >> 3) >> (7 - (i & 7))) & 1;
  };
  const found = [];
  for (let d = 0; d < D; d++) for (let h = 0; h < H; h++) for (let w = 0; w < W; w++)
    if (at(d, h, w)) SIDES.forEach((n, s) => { if (!at(d + n[0], h + n[1], w + n[2])) found.push([d, h, w, s]); });
  return found;
}
function turned(view) { // rows: into the screen, down, right; of D, H, W
  const a = view.azimuth, e = view.elevation, ca = Math.cos(a), sa = Math.sin(a), ce = Math.cos(e), se = Math.sin(e);
  return [[ca * ce, se, -sa * ce], [-ca * se, ce, sa * se], [sa, 0, ca]];
}
function draw(shape) {
  const g = shape.canvas.getContext("2d"), m = turned(shape.view), scale = PIXELS / (1.75 * Math.max(D, H, W));
  g.clearRect(0, 0, PIXELS, PIXELS);
  const dot = (row, v) => row[0] * v[0] + row[1] * v[1] + row[2] * v[2];
  const seen = SIDES.map(n => dot(m[0], n) < 0);
  const tone = SIDES.map(n => Math.round(90 + 150 * Math.max(0, dot(LIGHT, n)) / 1.01));
  const list = shape.faces.filter(f => seen[f[3]]).map(f => {
    const n = SIDES[f[3]], c = [f[0] + 0.5 + n[0] / 2 - D / 2, f[1] + 0.5 + n[1] / 2 - H / 2, f[2] + 0.5 + n[2] / 2 - W / 2];
    return [dot(m[0], c) - 0.5 * dot(m[0], n), c, f[3]];
  }).sort((p, q) => q[0] - p[0]);
  for (const [, c, s] of list) {
    const axis = s >> 1, u = [0, 0, 0], v = [0, 0, 0];
    u[(axis + 1) % 3] = 0.5; v[(axis + 2) % 3] = 0.5;
    g.beginPath();
    for (const [i, j] of [[1, 1], [1, -1], [-1, -1], [-1, 1]]) {
      const p = [0, 1, 2].map(k => c[k] + i * u[k] + j * v[k]);
      g.lineTo(PIXELS / 2 + scale * dot(m[2], p), PIXELS / 2 + scale * dot(m[1], p));
    }
    g.closePath();
    g.fillStyle = g.strokeStyle = "rgb(" + tone[s] + "," + tone[s] + "," + tone[s] + ")";
    g.fill(); g.stroke();
  }
}
const START = { azimuth: Math.PI / 6, elevation: 0.4 };
const shapes = facts.shapes.map(each => {
  const figure = document.createElement("figure"), canvas = document.createElement("canvas");
  canvas.width = canvas.height = PIXELS; canvas.tabIndex = 0;
  canvas.setAttribute("role", "img"); canvas.setAttribute("aria-label", "shape " + each.name);
  const caption = document.createElement("figcaption"); caption.textContent = each.name;
  figure.append(canvas, caption); document.querySelector("main").append(figure);
  return { canvas, faces: faces(each.bits), view: { ...START } };
});
function turn(shape, by, up, all) {
  for (const each of all ? shapes : [shape]) {
    const view = each.view;
    view.azimuth += by; view.elevation = Math.max(-1.5, Math.min(1.5, view.elevation + up));
    draw(each);
  }
}
shapes.forEach(shape => {
  let last = null;
  shape.canvas.addEventListener("pointerdown", e => {
    last = [e.clientX, e.clientY];
    shape.canvas.setPointerCapture(e.pointerId);
  });
  shape.canvas.addEventListener("pointerup", () => { last = null; });
  shape.canvas.addEventListener("pointermove", e => {
    if (!last) return;
    turn(shape, (last[0] - e.clientX) / 80, (e.clientY - last[1]) / 80, e.shiftKey);
    last = [e.clientX, e.clientY];
  });
  shape.canvas.addEventListener("keydown", e => {
    const by = { ArrowLeft: [0.2, 0], ArrowRight: [-0.2, 0], ArrowUp: [0, -0.2], ArrowDown: [0, 0.2] }[e.key];
    if (by) { turn(shape, by[0], by[1], e.shiftKey); e.preventDefault(); }
  });
  draw(shape);
});
document.getElementById("front").addEventListener("click", () => shapes.forEach(s => { s.view = { ...START }; draw(s); }));
</script></body></html>
"""

"""Shapes as voxels: the embedded furniture, axes, .binvox files, meshes and folders of them."""

import io

import numpy as np
import pytest

from gan_jax.data import Batches, Preprocessing, open_source
from gan_jax.data.volumes.axes import from_xyz, to_xyz
from gan_jax.data.volumes.binvox import read_binvox

# A shape without symmetry, in a box of 3 x 4 x 5: a post at the left, up to the top, from the front to the back at the
# bottom; an arm to the right at the front's top.
XYZ = np.zeros((3, 4, 5), bool)
XYZ[0, :, 4] = True  # the post: left, all heights, nearest
XYZ[0, 0, :] = True  # at the bottom from near to far
XYZ[1:, 3, 4] = True  # the arm: to the right at the top, nearest


def test_axes_of_a_shape_without_symmetry():
    seen = from_xyz(XYZ)
    assert seen.shape == (5, 4, 3)
    front, left = seen.any(0), seen.any(2)
    np.testing.assert_array_equal(
        front, [[1, 1, 1], [1, 0, 0], [1, 0, 0], [1, 0, 0]]
    )  # rows from the top, columns from the left
    np.testing.assert_array_equal(left.T, [[1, 0, 0, 0, 0]] * 3 + [[1, 1, 1, 1, 1]])  # columns from near to far
    np.testing.assert_array_equal(to_xyz(seen), XYZ)
    np.testing.assert_array_equal(from_xyz(XYZ[None])[0], seen)


def test_furniture():
    train, test = open_source("furniture"), open_source("furniture", split="test")
    assert (len(train), len(test)) == (404, 80) and train.keys == ("voxels", "label") and len(train.classes) == 13
    assert train.images.shape == (404, 32, 32, 32, 1) and train.images.dtype == bool
    every = np.concatenate([train.images, test.images])
    assert np.bincount(np.concatenate([train.labels(), test.labels()])).tolist() == [
        *(38, 22, 19, 40, 75, 40, 27, 28, 43, 22, 49, 32, 49)
    ]
    counts = every.sum((1, 2, 3, 4))
    assert (counts.min(), counts.max()) == (76, 19_784) and abs(every.mean() - 0.087) < 5e-4
    bottom = lambda voxels: np.flatnonzero(voxels.any((0, 2, 3))).max()
    tables = train.images[train.labels() == train.classes.index("table")]
    wide = lambda voxels: voxels.any((0, 3)).sum(1)  # of each height, from above
    tops = [wide(v)[np.flatnonzero(v.any((0, 2, 3)))[0]] >= wide(v)[bottom(v)] for v in tables]
    assert np.mean(tops) > 0.8  # a table is upright: wide above, legs below


def test_views_are_of_their_model():
    """The silhouette from the front is as wide as the voxels', and leans to the same side."""
    both = open_source("furniture", split="test", views=(0, 4))
    models = open_source("furniture", split="test")
    assert len(both) == 160 and both.keys == ("voxels", "image", "label")
    for i in (0, 7, 101, 159):
        np.testing.assert_array_equal(both[i]["voxels"], models[i // 2]["voxels"])
        assert both[i]["label"] == models[i // 2]["label"] and both[i]["image"].shape == (64, 64, 1)
    np.testing.assert_array_equal(both[9]["image"], open_source("furniture", split="test", views=4)[4]["image"])
    front = both.images[::2].sum((1, 2))[..., 0]  # [80, W] full voxels
    shown = np.stack([(both[i]["image"][..., 0] < 250).sum(0) for i in range(0, 160, 2)])
    width = lambda counts: [np.ptp(np.flatnonzero(each)) for each in counts]
    assert np.corrcoef(width(front), width(shown))[0, 1] > 0.9  # each picture is scaled to its model
    lean = lambda counts: counts @ np.linspace(-1, 1, counts.shape[1]) / counts.sum(1)
    assert np.corrcoef(lean(front), lean(shown))[0, 1] > 0.8


def test_some_classes_and_batches():
    source = open_source("furniture", classes=("table", "chair"), views=range(8))
    assert source.classes == ("table", "chair") and np.bincount(source.labels()).tolist() == [41 * 8, 63 * 8]
    one = open_source("furniture", classes="chair")
    assert len(one) == 63 and one.classes == () and one.keys == ("voxels",)
    shapes = {"image": (64, 64, 1)}
    batch = Batches.constant(source, Preprocessing((32, 32, 32, 1), shapes=shapes), 4).at(0)
    assert batch["voxels"].shape == (1, 4, 32, 32, 32, 1) and batch["image"].shape == (1, 4, 64, 64, 1)
    assert set(np.unique(batch["voxels"])) == {0, 1} and batch["image"].min() >= -1


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"split": "tset"}, "did you mean 'test'"),
        ({"views": (8,)}, "whole numbers from 0 to 7, not 8"),
        ({"views": (1, 1)}, "named once"),
        ({"classes": ("chairs",)}, "did you mean 'chair'"),
    ],
)
def test_furniture_refuses(settings, says):
    with pytest.raises(ValueError, match=says):
        open_source("furniture", **settings)


def binvox(voxels):
    """A file of bool [x, y, z]: y runs fastest, then z, then x."""
    runs = bytearray()
    for value in voxels.transpose(0, 2, 1).ravel():
        if runs and runs[-2] == value and runs[-1] < 255:
            runs[-1] += 1
        else:
            runs += bytes([int(value), 1])
    head = "#binvox 1\ndim {} {} {}\ntranslate 0 0 0\nscale 1\ndata\n".format(*voxels.shape)
    return head.encode() + bytes(runs)


def test_binvox():
    np.testing.assert_array_equal(read_binvox(binvox(XYZ)), XYZ)
    for data, says in (
        (b"OFF", "begin with #binvox"),
        (b"#binvox 1\ndim 3 4\ndata\n", "no line dim with three sizes"),
        (binvox(XYZ)[:-2], "and 3 x 4 x 5 were said"),
        (binvox(XYZ)[:-1], "end within a run"),
        (b"#binvox 1\ndim 4000 4000 4000\ndata\n", "are the most"),
    ):
        with pytest.raises(ValueError, match=says):
            read_binvox(data)


def put(folder, name, data):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def npz(voxels):
    buffer = io.BytesIO()
    np.savez(buffer, voxels=voxels)
    return buffer.getvalue()


CUBE = np.zeros((4, 4, 4), bool)
CUBE[1, 1:3, 1:] = True


def test_folders_of_voxels(tmp_path):
    put(tmp_path, "chair/train/1.npz", npz(CUBE))
    put(tmp_path, "chair/train/2.binvox", binvox(CUBE))
    put(tmp_path, "chair/test/3.npz", npz(CUBE[..., None].astype(np.uint8)))
    put(tmp_path, "sofa/train/4.npz", npz(CUBE[::-1]))
    put(tmp_path, "sofa/README.txt", b"words")
    source = open_source("volumes", path=str(tmp_path), size=4)
    assert len(source) == 3 and source.classes == ("chair", "sofa") and source.labels().tolist() == [0, 0, 1]
    np.testing.assert_array_equal(source[0]["voxels"][..., 0], CUBE)  # an .npz is D, H, W already
    np.testing.assert_array_equal(source[1]["voxels"][..., 0], from_xyz(CUBE))
    upright = open_source("volumes", path=str(tmp_path), size=4, up="z")[1]["voxels"][..., 0]
    np.testing.assert_array_equal(upright.any((1, 2)), CUBE.any((0, 2)))  # its y is the depth, 0 the nearest
    assert source.notes == ("left out 1 files of other kinds (.txt: 1)",)
    with pytest.raises(ValueError, match="no shape of the classes sofa"):
        open_source("volumes", path=str(tmp_path), split="test", size=4)
    flat = tmp_path / "flat"
    put(flat, "a.npz", npz(CUBE))
    assert open_source("volumes", path=str(flat), size=4).keys == ("voxels",)


def test_what_cannot_be_used_is_named(tmp_path):
    put(tmp_path, "a.npz", npz(CUBE))
    put(tmp_path, "b.npz", npz(np.zeros((4, 4, 4), bool)))
    put(tmp_path, "c.npz", npz(np.ones((3, 4, 4), bool)))
    put(tmp_path, "d.npz", b"words")
    with pytest.raises(ValueError, match="b.npz: it is empty: no voxel is full. Mend or delete"):
        open_source("volumes", path=str(tmp_path), size=4)
    source = open_source("volumes", path=str(tmp_path), size=4, skip_broken=True)
    assert len(source) == 1 and source.skipped == ("b.npz", "c.npz", "d.npz")
    assert "left out 3 shapes" in source.notes[0] and "c.npz: it holds 3 x 4 x 4 voxels" in source.notes[0]
    for settings, error, says in (
        ({"path": "nowhere"}, FileNotFoundError, "there is no folder"),
        ({"split": "test"}, FileNotFoundError, "has no split 'test'"),
        ({"size": 1}, ValueError, "size must be a whole number from 2"),
        ({"span": 40}, ValueError, "span must be"),
        ({"up": "x"}, ValueError, "up 'x' is not known"),
    ):
        with pytest.raises(error, match=says):
            open_source("volumes", **{"path": str(tmp_path), **settings})
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="no shapes in"):
        open_source("volumes", path=str(tmp_path / "empty"))


def test_meshes(tmp_path):
    """A box of 2 x 1 x 1/2 and a staircase without symmetry, in every format; an open, a flat and an empty mesh."""
    trimesh = pytest.importorskip("trimesh")
    steps = trimesh.util.concatenate(
        [trimesh.creation.box(bounds=((0, 0, 0), (4, 1, 2))), trimesh.creation.box(bounds=((0, 1, 0.9), (1, 3, 2)))]
    )
    box = trimesh.creation.box((2, 1, 0.5))
    exported = lambda mesh, kind: d.encode() if isinstance(d := mesh.export(file_type=kind), str) else d
    for kind in ("off", "obj", "stl", "ply", "glb"):
        put(tmp_path / "meshes", f"{kind}.{kind}", exported(box, kind))
    source = open_source("volumes", path=str(tmp_path / "meshes"), size=32)
    assert len(source) == 5 and source.notes == ()
    assert len({source[i]["voxels"].tobytes() for i in range(5)}) == 1
    solid = source[0]["voxels"][..., 0]
    sides = [np.flatnonzero(solid.any(axes)) for axes in ((1, 2), (0, 2), (0, 1))]  # D, H, W
    assert [(s.min(), s.max()) for s in sides] == [(12, 19), (9, 22), (2, 29)]
    assert solid.sum() == np.prod([s.max() - s.min() + 1 for s in sides])  # filled

    put(tmp_path / "steps", "s.OFF", exported(steps, "off").replace(b"OFF\n", b"OFF", 1))  # as some of ModelNet's
    seen = open_source("volumes", path=str(tmp_path / "steps"), size=8, span=7.5)[0]["voxels"][..., 0]
    front, left = seen.any(0), seen.any(2)
    assert front[1:3, :2].all() and not front[1:4, 3:].any() and front[5:7].all()  # the tower stands at the left
    assert left[2:4, 1].all() and not left[5:, 1:3].any()  # and at the front
    turned = steps.copy()
    turned.apply_transform(trimesh.transformations.rotation_matrix(np.pi / 2, (1, 0, 0)))  # y up becomes z up
    put(tmp_path / "turned", "t.ply", exported(turned, "ply"))
    upright = open_source("volumes", path=str(tmp_path / "turned"), size=8, span=7.5, up="z")[0]["voxels"][..., 0]
    np.testing.assert_array_equal(seen, upright)

    hole = trimesh.Trimesh(box.vertices, box.faces[:-1])
    put(tmp_path / "bad", "hole.off", exported(hole, "off"))
    flat = trimesh.Trimesh([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [(0, 1, 2)])
    put(tmp_path / "bad", "flat.off", exported(flat, "off"))
    put(tmp_path / "bad", "words.obj", b"words")
    put(tmp_path / "bad", "torn.glb", exported(box, "glb")[:100])
    bad = open_source("volumes", path=str(tmp_path / "bad"), size=16, skip_broken=True)
    assert len(bad) == 1 and bad.skipped == ("flat.off", "torn.glb", "words.obj")
    assert "1 of 1 meshes are not watertight" in bad.notes[0] and "flat.off: it is flat" in bad.notes[1]

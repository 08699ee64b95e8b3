"""The keys that every experiment has, and their defaults. A config shows only what differs from this."""

from ml_collections import ConfigDict, FieldReference
from ml_collections.config_dict import placeholder


def get_config() -> ConfigDict:
    config = ConfigDict()
    config.seed = 0
    config.steps = 100_000  # rounds: one generator update each
    config.batch_size = 64  # real images for each discriminator update, over all devices
    config.d_steps = 1  # discriminator updates a round
    config.g_steps = 1  # generator updates a round
    # What plays differently in a part of the run: a tuple of dicts {"rounds": or "kimg":, "shape":, "batch_size":, "d_steps":,
    # "g_steps":, "fade":, "reset":}, one stretch after the other, the last perhaps {"repeat": (dict, ...)}. Unset: one
    # stretch of `steps` rounds.
    config.stretches = placeholder(tuple)
    # Rounds played in one call of the device, for models so small that the call takes as long as the round. Pictures,
    # checkpoints and scores stay on their steps, with single rounds where fewer remain, so intervals that it divides are best.
    config.rounds_a_dispatch = 1
    config.precision = "float32"  # or "bfloat16": of convolutions and products; everything else stays float32

    config.data = ConfigDict()
    # emoji, digits, stacked_digits, faces, figures, maps, furniture, folder, pairs, volumes, arrays, tfds, fake, toys, domains
    config.data.source = "emoji"
    config.data.shape = (32, 32, 3)  # height, width, channels of what the networks see; (2,) for points
    config.data.shapes = placeholder(object)  # of leaves that differ from it: {"b": (32, 32, 1)}
    config.data.resize = "short_side"  # "exact" stretches, "none" leaves the size alone
    config.data.filter = "lanczos"
    config.data.crop = "center"  # "random", "distorted", "none"
    config.data.oversize = 1.0  # resize to cover this many times the shape, before the crop
    config.data.flip = False
    config.data.dequantize = False
    config.data.threads = placeholder(int)  # unset: one for each core, at most 16
    config.data.prefetch = 2  # dispatches kept ready
    config.data.classes = placeholder(tuple)  # of a labelled source, those that are played with: names, or numbers
    config.data.labelled = placeholder(float)  # the share of each class's training elements that keep their label
    config.data.labelled_seed = placeholder(int)  # which ones; unset: 0
    # Settings of single sources; a source refuses those that it does not take. A config's own data set stands in a block
    # of its source's name (config.data.tfds), which another source does not see.
    config.data.path = placeholder(str)  # folder, pairs, volumes: a folder or a zip archive; arrays, stacked_digits
    config.data.name = placeholder(str)  # tfds, stacked_digits: the data set; toys: ring, grid, swiss_roll or line
    config.data.split = placeholder(str)
    config.data.data_dir = placeholder(str)  # tfds, stacked_digits
    config.data.image_key = placeholder(str)  # tfds
    config.data.images = placeholder(object)  # tfds, in place of image_key: {"a": FEATURE, "b": FEATURE}
    config.data.label_key = placeholder(str)  # tfds
    config.data.splits = placeholder(bool)  # folder: whether its folders are splits or classes
    config.data.skip_broken = placeholder(bool)  # folder
    config.data.bits = placeholder(int)  # folder, tfds: those used of 16-bit grey files
    config.data.by_number = placeholder(bool)  # arrays: labels without names stay as they are, with empty classes
    config.data.pixel_range = placeholder(tuple)  # arrays: black and white of float images, (-1, 1) or (0, 1)
    config.data.length = placeholder(int)  # fake, toys, figures, stacked_digits
    config.data.scale = placeholder(float)  # toys
    config.data.std = placeholder(float)  # toys
    # fake: (height, width, channels); faces: 64 or 32; figures: 16 to 128; volumes: voxels a side
    config.data.size = placeholder(object)
    config.data.num_classes = placeholder(int)  # fake
    config.data.seed = placeholder(int)  # fake, toys, figures, stacked_digits: of the data alone
    config.data.leaves = placeholder(tuple)  # fake: what an element holds
    config.data.voxels = placeholder(tuple)  # fake: (depth, height, width, 1)
    config.data.views = placeholder(tuple)  # furniture: pictures of a model, 0 to 7
    config.data.span = placeholder(float)  # volumes: voxels that the longest side takes
    config.data.up = placeholder(str)  # volumes: the axis that points up, "y" or "z"
    config.data.domain = placeholder(str)  # maps: one side of the pairs, "a" or "b"
    config.data.attributes = placeholder(tuple)  # faces: those that make the classes
    config.data.correlated = placeholder(
        tuple
    )  # faces: two attributes and how they correlate, ("glasses", "beard", 0.4)

    config.method = ConfigDict({"type": "adversarial.Adversarial"})
    config.method.num_classes = 0  # 0: unconditional
    config.method.generator_batch_multiple = 1  # fakes in a generator update for each real image of the batch
    config.method.accumulate = 1  # parts in which a batch is played, where it is too large for the memory
    config.method.fake_labels = placeholder(
        str
    )  # "uniform", or "data": those of the real images, pair by pair; unset: uniform
    config.method.clip_weights = placeholder(float)

    config.latents = ConfigDict({"type": "normal", "dim": 128})  # or "uniform"
    config.generator = ConfigDict({"type": "sngan.Generator"})
    config.discriminator = ConfigDict({"type": "sngan.Discriminator"})
    config.loss = ConfigDict({"type": "hinge"})
    config.regularizers = ConfigDict()

    config.optim = ConfigDict()
    for player in ("generator", "discriminator"):
        config.optim[player] = ConfigDict({"type": "adam", "learning_rate": 2e-4, "b1": 0.5, "b2": 0.999})

    config.ema = ConfigDict()
    config.ema.decay = placeholder(float)  # a round; where neither is set, no average is kept
    config.ema.half_life_kimg = placeholder(float)
    config.ema.start = 0  # first round that averages
    config.ema.before = placeholder(bool)  # True: the average takes G as it is before the round's own update of it

    config.mesh = ConfigDict({"data": -1, "fsdp": 1})  # -1: all devices that remain
    config.log = ConfigDict()
    config.log.every = 10  # rounds between lines of metrics.jsonl
    config.log.samples_every = 1000  # rounds between pictures
    config.log.num_samples = 64
    config.log.curves = placeholder(tuple)  # numbers of metrics.jsonl that curves.png shows
    config.log.trackers = placeholder(tuple)  # "wandb", "mlflow": written to as well, where they are installed
    config.checkpoint = ConfigDict()
    config.checkpoint.every = 1000  # rounds
    config.checkpoint.keep = 3  # the newest few
    config.checkpoint.keep_every = placeholder(int)  # and every step that this divides

    config.evaluate = ConfigDict()
    config.evaluate.recipes = ("swd", "ms_ssim")  # of --mode=evaluate, see docs/scores.md
    config.evaluate.every = placeholder(int)  # rounds between scores during training; unset: none
    config.evaluate.during = ("swd",)  # the recipes of those
    config.evaluate.test = ConfigDict({"split": "test"})  # what in `data` differs for the test split
    config.evaluate.batch_size = 64  # images at a time, over all devices
    config.evaluate.classifier = placeholder(str)  # an .npz file of --mode=classifier: recipes may name it, fd_<name>
    return config


def rounds(config: ConfigDict) -> FieldReference:
    """The length of the run, for schedules: it follows --config.steps, and can be set on its own."""
    return config.get_ref("steps") + 0  # without the sum, setting it would set steps

"""The zoo against torchvision: same weights, same images, same scores; and its counts against models.csv.

usage: zoo.py ESPALIER-RUNNER [MODEL...]     exits with 77 if there is no torchvision
"""
import argparse
import csv
import json
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import time
from collections import OrderedDict

try:
    import torch
    import torchvision
except ImportError as missing:
    print(f"skipped: {missing} (apt-get install python3-torchvision)")
    sys.exit(77)

LARGEST_DIFFERENCE = 1e-4
FEW_PARAMS = 12_000_000  # nets below are also saved by us and loaded by Python


def draw(model, generator):
    """Every tensor that usually starts as a constant gets a value that shows."""
    def uniform(tensor, low, high):
        tensor.copy_(torch.empty(tensor.shape).uniform_(low, high, generator=generator))

    with torch.no_grad():
        for name, module in model.named_modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.momentum = 1.0
            if isinstance(module, (torch.nn.BatchNorm2d, torch.nn.LayerNorm)):
                uniform(module.weight, 0.6, 1.2)
                uniform(module.bias, -0.2, 0.2)
        for name, parameter in model.named_parameters():
            if name.endswith("layer_scale"):
                uniform(parameter, 0.2, 0.6)
            elif name.endswith("relative_position_bias_table") or name.endswith("class_token"):
                uniform(parameter, -1, 1)
            elif name.endswith("bias") and parameter.abs().max() < 1e-4:
                uniform(parameter, -0.2, 0.2)
            elif parameter.abs().max() == 0:
                uniform(parameter, -0.1, 0.1)


def settle_statistics(model, images, generator):
    """Batch norms' statistics near those of the images, or the images' share of the scores would vanish."""
    norms = [module for module in model.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    for norm in norms:
        norm.train()
    with torch.no_grad():
        model(images)
        for norm in norms:
            norm.eval()
            noise = torch.empty(norm.running_var.shape)
            norm.running_mean += noise.uniform_(-0.2, 0.2, generator=generator) * norm.running_var.sqrt()
            norm.running_var *= noise.uniform_(0.8, 1.3, generator=generator)


def scale_scores_to_one(model, images):
    """The tolerance is absolute: scores of a size that means something, different from image to image."""
    last = [module for module in model.modules() if isinstance(module, torch.nn.Linear)][-1]
    with torch.no_grad():
        scores = model(images)
        last.weight.div_(scores.std())
        last.bias.div_(scores.std())
        scores = model(images)
    if not torch.isfinite(scores).all():
        raise SystemExit("the reference's scores are not finite")
    return scores


def write_safetensors(state, path):
    header, offset = {}, 0
    types = {torch.float32: "F32", torch.int64: "I64"}
    for name, tensor in state.items():
        size = tensor.numel() * tensor.element_size()
        header[name] = {"dtype": types[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header).encode()
    with open(path, "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text)
        for tensor in state.values():
            out.write(tensor.contiguous().numpy().tobytes())


def checkpoint_of(state):
    """As training scripts write it, with what only code of theirs could read."""
    parameter = torch.nn.Parameter(torch.ones(3))
    optimizer = torch.optim.AdamW([parameter])
    parameter.sum().backward()
    optimizer.step()
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, [3, 5])
    return {"epoch": 3, "best": 0.5, "arguments": argparse.Namespace(lr=0.1), "optimizer": optimizer.state_dict(),
            "schedule": schedule.state_dict(), "rng": torch.get_rng_state(), "loss": torch.tensor(0.1),
            "state_dict": OrderedDict(("module." + name, tensor) for name, tensor in state.items())}


WRITERS = [
    lambda state, path: torch.save(dict(state), path),
    lambda state, path: torch.save(state, path),
    write_safetensors,
    lambda state, path: torch.save(checkpoint_of(state), path),
]


def save_images(images, path):
    # LibTorch's unpickler knows no dict of a single item.
    torch.save({"images": images, "number": torch.tensor(len(images))}, path)


def forward(runner, name, folder, *options):
    return subprocess.run([runner, "forward", json.dumps({"name": name}), folder / "images", folder / "scores", "--weights",
                           folder / "weights", *options], capture_output=True, text=True)


def check_python_reads(saved, images, scores):
    module = torch.jit.load(str(saved))
    with torch.no_grad():
        difference = (module(images) - scores).abs().max().item()
        module.train()
        again, other = module(images), module(images)
    if difference > 1e-5:
        return f"torch.jit.load of what we saved differs by {difference:.1e}"
    if torch.equal(again, scores) or not torch.isfinite(other).all():
        return "what we saved ignores train()"
    return None


def check_model(runner, row, number, folder):
    name, side = row["name"], int(row["input"])
    generator = torch.Generator().manual_seed(number)
    torch.manual_seed(number)
    model = getattr(torchvision.models, name)().eval()
    draw(model, generator)
    images = torch.randn(3, 3, side, side, generator=generator)
    settle_statistics(model, images if side <= 240 else images[:, :, :160, :160], generator)
    images = images[: 3 if side <= 240 else 1]
    scores = scale_scores_to_one(model, images)
    WRITERS[number % len(WRITERS)](model.state_dict(), folder / "weights")
    save_images(images, folder / "images")
    saves = int(row["params"]) < FEW_PARAMS
    done = forward(runner, name, folder, *(["--save", folder / "saved.pt"] if saves else []))
    if done.returncode != 0:
        return f"the runner failed: {done.stderr}"
    ours = torch.load(folder / "scores")["scores"]
    difference = (ours - scores).abs().max().item()
    between = f", between images {scores.std(dim=0).mean():.2f}" if len(scores) > 1 else ""
    print(f"    {len(scores)} images of {side}, scores' deviation {scores.std():.2f}{between}, largest difference {difference:.1e}")
    if not difference <= LARGEST_DIFFERENCE:
        return f"differs by {difference:.1e}"
    return check_python_reads(folder / "saved.pt", images, ours) if saves else None


def check_legacy_is_refused(runner, folder):
    save_images(torch.zeros(1, 3, 224, 224), folder / "images")
    state = torchvision.models.mobilenet_v3_small().state_dict()
    torch.save(state, folder / "weights", _use_new_zipfile_serialization=False)
    done = forward(runner, "mobilenet_v3_small", folder)
    if done.returncode == 0 or "before PyTorch 1.6" not in done.stderr:
        return f"the old format: exit {done.returncode}, {done.stderr}"
    state.pop("classifier.3.bias")
    state["extra"] = torch.zeros(2)
    state["features.0.0.weight"] = torch.zeros(16, 1, 3, 3)
    torch.save(OrderedDict(state), folder / "weights")
    done = forward(runner, "mobilenet_v3_small", folder)
    words = ["missing in the file: classifier.3.bias", "not in the net: extra", "features.0.0.weight [16, 1, 3, 3]"]
    if done.returncode == 0 or not all(word in done.stderr for word in words):
        return f"a state dict that doesn't fit: exit {done.returncode}, {done.stderr}"
    return None


def check_counts(counts, row):
    if row["name"] not in counts:
        return "is not in the zoo"
    ours = counts[row["name"]]
    if row["params"] and ours["params"] != int(row["params"]):
        return f"has {ours['params']} parameters, the reference {row['params']}"
    if ours["input"][-1] != int(row["input"]):
        return f"is counted at {ours['input']}, the reference at {row['input']}"
    if row["gmacs"]:
        rounding = 0.5 * 10.0 ** -len(row["gmacs"].split(".")[1])
        expected, counted = float(row["gmacs"]), ours["macs"] / 1e9
        if abs(counted - expected) > max(0.001 * expected, rounding):
            return f"{counted:.5f} GMACs, the reference {expected}"
    return None


def main():
    runner, wanted = os.path.abspath(sys.argv[1]), sys.argv[2:]
    torch.set_num_threads(1)
    table = pathlib.Path(__file__).with_name("models.csv").read_text().splitlines()
    rows = list(csv.DictReader(line for line in table if not line.startswith("#")))
    failures = []

    def judge(what, failure, since):
        print(f"{'FAILED' if failure else 'ok':6} {what} ({time.monotonic() - since:.1f} s)", flush=True)
        if failure:
            failures.append(f"{what}: {failure}")

    since = time.monotonic()
    counts = {model["name"]: model for model in json.loads(subprocess.check_output([runner, "models", "--json"]))}
    print(f"counted {len(counts)} nets in {time.monotonic() - since:.1f} s")
    for row in rows:
        judge(f"counts of {row['name']}", check_counts(counts, row), time.monotonic())
    with tempfile.TemporaryDirectory() as folder:
        judge("refusals", check_legacy_is_refused(runner, pathlib.Path(folder)), time.monotonic())
        for number, row in enumerate(rows):
            if not hasattr(torchvision.models, row["name"]) or (wanted and row["name"] not in wanted):
                continue
            since = time.monotonic()
            judge(row["name"], check_model(runner, row, number, pathlib.Path(folder)), since)
    for failure in failures:
        print(f"failed: {failure}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

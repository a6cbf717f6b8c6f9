// The form that speed-ups are taken against, beside the best that Python gets out of the same LibTorch and beside Python as
// it is installed: one thread, one CPU, in turns.
// usage: latency.mjs BIN [--json] [--rounds=N] [--seconds=S] [--batch=N] [MODEL...]
import { join } from "node:path";
import { Rows } from "./parts/rows.mjs";
import { geometric_mean, hasTorchvision, interval, median, python, Turns, withMimalloc } from "./parts/turns.mjs";

const [bin, ...flags] = process.argv.slice(2);
const rows = new Rows(flags.includes("--json"));
const option = (name, otherwise) => Number(flags.find((flag) => flag.startsWith(`--${name}=`))?.split("=")[1] ?? otherwise);
const chosen = flags.filter((flag) => !flag.startsWith("--"));
const rounds = option("rounds", 15);
const turnSeconds = option("seconds", 0.5);
const batches = option("batch", 0) ? [option("batch", 0)] : [1, 16];
const models = chosen.length > 0 ? chosen : ["resnet18", "resnet50", "mobilenet_v2", "efficientnet_b0", "swin_t"];
const tuned = ["eager", "channels_last", "frozen"];
const peer = new URL("./peers/latency.py", import.meta.url).pathname;

// The median of one turn of each arm, by round: { arm: [seconds, …] }.
async function in_turns(arms) {
  const medians = Object.fromEntries(Object.keys(arms).map((name) => [name, []]));
  const passes = {};
  for (const [name, ask] of Object.entries(arms)) passes[name] = Math.max(1, Math.round(turnSeconds / median((await ask(2)).seconds)));
  for (let round = 0; round < rounds; ++round) {
    const order = Object.keys(arms);
    if (round % 2 === 1) order.reverse();
    for (const name of order) {
      await arms[name](1); // the others have just used the caches
      medians[name].push(median((await arms[name](passes[name])).seconds));
    }
  }
  return medians;
}

async function compare(model, batch) {
  const started = [];
  const start = async (...words) => { started.push(await Turns.start(...words)); return started.at(-1); };
  try {
    const ours = await start(join(bin, "espalier-runner"), ["turns", JSON.stringify({ name: model }), String(batch)]);
    const best = await start(python, [peer, model, String(batch), ...tuned], withMimalloc());
    const installed = await start(python, [peer, model, String(batch), "eager"]);
    const shapes = started.map((turns) => turns.ready.output.join("x"));
    if (new Set(shapes).size !== 1) throw new Error(`${model}: outputs of different shapes: ${shapes.join(", ")}`);
    const arms = { ours: (passes) => ours.ask(passes), installed: (passes) => installed.ask(`eager ${passes}`) };
    for (const form of tuned) arms[form] = (passes) => best.ask(`${form} ${passes}`);
    const seconds = await in_turns(arms);
    const form = tuned.reduce((one, other) => (median(seconds[other]) < median(seconds[one]) ? other : one));
    const ratios = (name) => seconds[name].map((value, round) => value / seconds.ours[round]);
    return { form, our_form: ours.ready.form, ours: median(seconds.ours), tuned: ratios(form), installed: ratios("installed"), seconds };
  } finally {
    for (const turns of started) turns.stop();
  }
}

if (!hasTorchvision()) {
  console.error("latency: this bench needs Debian's python3-torchvision");
  process.exit(2);
}
const against_tuned = [];
const against_installed = [];
for (const model of models) {
  for (const batch of batches) {
    const result = await compare(model, batch);
    const name = `${model}, batch ${batch}`;
    rows.add(`${name}: ours (${result.our_form})`, result.ours * 1000, "ms");
    for (const form of tuned) rows.add(`${name}: Python ${form}`, median(result.seconds[form]) * 1000, "ms");
    rows.add(`${name}: times Python's best (${result.form})`, median(result.tuned), "x", 1.0, "atLeast");
    const [low, high] = interval(result.tuned);
    rows.add(`${name}: its 95 % interval from`, low, "x");
    rows.add(`${name}: its 95 % interval to`, high, "x");
    rows.add(`${name}: times Python as installed`, median(result.installed), "x");
    against_tuned.push(median(result.tuned));
    against_installed.push(median(result.installed));
  }
}
rows.add("times Python's best, geometric mean", geometric_mean(against_tuned), "x", 1.15, "atLeast");
rows.add("times Python as installed, geometric mean", geometric_mean(against_installed), "x", 2, "atLeast");

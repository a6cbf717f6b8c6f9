// Every example of README.md and docs/ does what it says: Python makes its files, job files are planned, shell lines
// run, SQL answers.
// A fence after a comment `<!-- not run: reason -->` is left out; the reason is for the reader.
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { temporaryFolder } from "./temporary_folder.mjs";

const [bin, root] = process.argv.slice(2).map((path) => resolve(path));
const folder = temporaryFolder("docs");
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const environment = { ...process.env, PATH: `${bin}:${process.env.PATH}` };
const failures = [];

function fences(path) {
  const found = [];
  const pattern = /(<!-- not run: [^>]*-->\s*)?^```(\w+)\n([\s\S]*?)^```/gm;
  const text = readFileSync(path, "utf8");
  for (const match of text.matchAll(pattern))
    if (!match[1]) found.push({ place: `${path}:${text.slice(0, match.index).split("\n").length}`, kind: match[2], text: match[3] });
  return found;
}

function expectSuccess(place, command, args) {
  const ran = spawnSync(command, args, { cwd: folder, env: environment, encoding: "utf8", timeout: 300_000 });
  if (ran.status !== 0) failures.push(`${place}: ${args.at(-1)}\n  exited with ${ran.status}\n${ran.stdout}${ran.stderr}`);
}

const documents = [join(root, "README.md"), ...readdirSync(join(root, "docs")).filter((name) => name.endsWith(".md")).map((name) => join(root, "docs", name))];
const examples = documents.flatMap(fences);
const firstJob = examples.find((example) => example.kind === "toml").text;
const dataAndModel = firstJob.slice(0, firstJob.indexOf("[[group]]"));
writeFileSync(join(folder, "my-job.toml"), firstJob);

let checked = 0;
// Debian's Python has PyTorch, whatever else PATH names first. What it makes, job files name.
for (const example of examples.filter(({ kind }) => kind === "python")) {
  expectSuccess(example.place, "/usr/bin/python3", ["-c", example.text]);
  ++checked;
}
for (const example of examples.filter(({ kind }) => kind === "toml")) {
  const whole = /^\[job\]/m.test(example.text) ? example.text : dataAndModel + example.text;
  const group = /^pipeline|^\[\[group\]\]/m.test(whole) ? "" : '[[group]]\nname = "all"\npipeline = ["train"]\n';
  writeFileSync(join(folder, "example.toml"), whole + group);
  expectSuccess(example.place, "espalier", ["plan", "example.toml"]);
  ++checked;
}
for (const example of examples.filter(({ kind }) => kind === "sh"))
  for (const line of example.text.split("\n").filter((text) => text.trim() !== "")) {
    expectSuccess(example.place, "sh", ["-c", line]);
    ++checked;
  }
for (const example of examples.filter(({ kind }) => kind === "sql")) {
  expectSuccess(example.place, "espalier", ["sql", example.text]);
  ++checked;
}
for (const failure of failures) console.error(failure);
console.log(`${checked} examples checked, ${failures.length} failed`);
process.exitCode = failures.length === 0 && checked > 10 ? 0 : 1;

// What every bench prints: one row a number, with its target and whether it was met. A missed target is printed as
// missed.
import { cpus, release, totalmem } from "node:os";

export class Rows {
  constructor(json) {
    this.json = json;
    this.rows = [];
    this.condition(`${cpus().length} x ${cpus()[0].model}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}`);
  }

  // What the numbers depend on; beside the rows, where these are read by a program.
  condition(text) {
    (this.json ? console.error : console.log)(`# ${text}`);
  }

  // `target` is a bound: atMost or atLeast; null if the number has none.
  add(name, value, unit, target = null, direction = "atMost") {
    const met = target === null ? null : direction === "atMost" ? value <= target : value >= target;
    const row = { name, value, unit, target, met };
    this.rows.push(row);
    if (this.json) console.log(JSON.stringify(row));
    else {
      const bound = target === null ? "" : `  target ${direction === "atMost" ? "<=" : ">="} ${target} ${unit}: ${met ? "met" : "MISSED"}`;
      console.log(`${name.padEnd(46)} ${String(Math.round(value * 1000) / 1000).padStart(10)} ${unit}${bound}`);
    }
  }
}

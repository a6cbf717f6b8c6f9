// How far the runner's own measuring can be trusted, on the machine as it is now: it wants a quiet one.
import { addMeasuringRows } from "./parts/measuring_rows.mjs";
import { Rows } from "./parts/rows.mjs";

const [bin, ...flags] = process.argv.slice(2);
await addMeasuringRows(new Rows(flags.includes("--json")), bin);

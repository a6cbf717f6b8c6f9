import { addArtifactRows } from "./parts/artifact_rows.mjs";
import { Rows } from "./parts/rows.mjs";

const [bin, ...flags] = process.argv.slice(2);
addArtifactRows(new Rows(flags.includes("--json")), bin);

import { chmodSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

// A folder that others may enter: as root, PostgreSQL's files in a state folder lie elsewhere if its user can't, and
// would stay there.
export function temporaryFolder(name) {
  const folder = mkdtempSync(join(tmpdir(), `espalier-${name}-`));
  chmodSync(folder, 0o755);
  return folder;
}

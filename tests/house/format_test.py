#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails when a source is not formatted as .clang-format says. `make format` mends it."""
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SKIPPED_FOLDERS = {"build", ".git", ".cache"}
BATCH = 20  # files a process


def sources():
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in SKIPPED_FOLDERS and not name.startswith("build-")]
        yield from (str(Path(folder, name)) for name in files if name.endswith((".cpp", ".hpp", ".cu", ".cuh")))


def complaints(files):
    done = subprocess.run(
        ["clang-format", "--dry-run", "-Werror", *files], capture_output=True, text=True, check=False)
    return done.stderr if done.returncode else ""


def main():
    files = sorted(sources())
    batches = [files[i:i + BATCH] for i in range(0, len(files), BATCH)]
    with ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        found = "".join(pool.map(complaints, batches))
    lines = [line for line in found.splitlines() if "error:" in line]
    print("\n".join(lines[:20]))
    print(f"format: {len(files)} files, {len(lines)} places to mend" + (": run `make format`" if lines else ""))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

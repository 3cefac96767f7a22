#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks what docs/ARCHITECTURE.md and docs/STYLE.md say about folders, includes and files.

  tools/house_rules.py [ROOT]      prints one line a broken rule; exit code 1 when there is one

The rules are the tables below. To change one, change the document beside it, in one commit.
"""
import re
import subprocess
import sys
from pathlib import Path

# A folder may include itself and any floor below; never sideways, never up.
FLOORS = {
    "base": 0, "schemas": 1, "runtime": 2, "cluster": 3, "storage": 3, "gpu": 3, "actors": 4,
    "admin": 4, "gateway": 5, "console": 5, "sim": 5, "apps": 6, "bench": 7, "tests": 8}
ALONE = {"gpu": "builds where nothing else does", "tools": "run by the build itself"}
LIBRARIES = {"net": "runtime", "caf": "runtime", "raft": "cluster"}  # harka::net lives in runtime/

# Where a third-party header may be included; tests/X may include what X may.
HOMES = [
    (r"caf/", ["runtime/caf/"]),
    (r"(capnp|versions)/", ["tools/schemagen/", "tests/schemas/"]),
    (r"kj/", ["runtime/net/", "gateway/", "tests/schemas/"]),
    (r"lmdb\.h", ["storage/lmdb/"]),
    (r"(cuda|cudnn|cublas|cub/|mma|cooperative_groups)", ["gpu/cuda/"]),
    (r"(spdlog|fmt)/", ["base/log.cpp", "base/format.hpp"]),
    (r"openssl/", ["gateway/", "runtime/net/", "storage/encryption.cpp"]),
    (r"simdjson", ["gateway/"]),
    (r"boost/test/", ["tests/"]),
    (r"boost/(beast|asio)", ["gateway/"]),
    (r"(toml\+\+|CLI)/", ["apps/"]),
    (r"nlohmann/", ["admin/", "apps/", "sim/history.cpp"]),
    (r"prometheus/", ["runtime/metrics.cpp"]),
    (r"(histedit\.h|editline/|n?curses)", ["console/"]),
]
SYSTEM_FOLDERS = {"sys", "netinet", "arpa", "linux", "net"}

PURE = [r"cluster/.*", r"actors/.*", r"admin/.*", r"runtime/[^/]+"]
IMPURE = {  # files in pure places that are not machines, each with its reason
    "runtime/directory.hpp": "read by the interpreters' threads",
    "runtime/directory.cpp": "read by the interpreters' threads",
    "runtime/registry.hpp": "counts for the interpreters' threads",
    "runtime/registry.cpp": "counts for the interpreters' threads",
    "runtime/machine_host.hpp": "reads the clocks that a turn is given",
    "runtime/machine_host.cpp": "reads the clocks that a turn is given",
    "runtime/wake_batch.cpp": "belongs to threads, and measures how long they hold wake-ups back",
}
BANNED_IN_PURE = [
    r"#include <(thread|mutex|shared_mutex|condition_variable|future|atomic|semaphore|barrier|latch)>",
    r"#include <(unordered_map|unordered_set|random|fstream|filesystem|iostream|ctime)>",
    r"#include <(unistd|fcntl|poll|pthread|netdb|time|sys/\w+|netinet/\w+)\.h>",
    r'#include "runtime/(net|caf)/(?!seed\.hpp)',
    r"std::(unordered_\w+|random_device|mt19937|this_thread|thread|mutex|atomic)",
    r"(steady|system|high_resolution)_clock|\bgetenv\b|\brand\(\)|\bgettimeofday\b|\bclock_gettime\b",
]

SOURCES = {".hpp", ".cpp", ".h", ".cu", ".cuh"}
SCRIPTS = {".py", ".sh"}
LINES_MAX, TEST_LINES_MAX, README_LINES_MAX = 500, 800, 40
SOURCES_WITHOUT_README_MAX = 5


def files_of(root):
    words = ["git", "-C", str(root), "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(words, capture_output=True, text=True)
    if listed.returncode != 0:
        return sorted(p.relative_to(root) for p in root.rglob("*") if p.is_file())
    return sorted(p for p in map(Path, set(listed.stdout.splitlines())) if (root / p).is_file())


def owner_of(path):
    """The folder whose rules a file follows: tests/X follows X."""
    parts = path.parts
    if parts[0] == "tests" and len(parts) > 2 and parts[1] in FLOORS:
        return parts[1]
    return parts[0]


def may_use(owner, is_test, target):
    if target not in FLOORS or target == owner or (is_test and target == "tests"):
        return True
    if owner in ALONE:
        return is_test
    return owner in FLOORS and FLOORS[target] < FLOORS[owner]


def code_lines(text):
    """Lines without their // comments, numbered from 1."""
    for number, line in enumerate(text.splitlines(), 1):
        yield number, line.split("//")[0] if '"' not in line.split("//")[0] else line


def check_floors(path, text):
    owner, is_test = owner_of(path), path.parts[0] == "tests"
    for number, line in code_lines(text):
        found = re.match(r'\s*#include "([^/"]+)/', line)
        if found and not may_use(owner, is_test, found.group(1)):
            yield number, f"{owner}/ may not include {found.group(1)}/ (floors go down only)"


def check_links(path, text):
    owner, is_test = owner_of(path), path.parts[0] == "tests"
    for number, line in enumerate(text.splitlines(), 1):
        for name in re.findall(r"harka::(\w+)", line.split("#")[0]):
            target = LIBRARIES.get(name, name)
            if len(path.parts) > 1 and not may_use(owner, is_test, target):
                yield number, f"{owner}/ may not link harka::{name} (floors go down only)"


def check_homes(path, text):
    place = path.as_posix()
    mirrored = place[len("tests/"):] if place.startswith("tests/") else place
    for number, line in code_lines(text):
        found = re.match(r"\s*#include <([^>]+)>", line)
        if not found:
            continue
        header = found.group(1)
        homes = next((homes for pattern, homes in HOMES if re.match(pattern, header)), None)
        if homes is not None:
            # A test mirrors its folder, even where the home is one file of it.
            if not any(place.startswith(home) or mirrored.startswith(home) for home in homes):
                yield number, f"<{header}> may be included in {', '.join(homes)} only"
        elif "/" in header and header.split("/")[0] not in SYSTEM_FOLDERS:
            yield number, f"<{header}> has no home: name one here and in docs/decisions.md"


def check_purity(path, text):
    place = path.as_posix()
    if place in IMPURE or not any(re.fullmatch(pattern, place) for pattern in PURE):
        return
    for number, line in code_lines(text):
        for pattern in BANNED_IN_PURE:
            found = re.search(pattern, line)
            if found:
                yield number, f"'{found.group(0)}' in a pure folder: machines know only their Turn"


def check_opening(path, text):
    lines = text.splitlines()
    comment = "#" if path.suffix in SCRIPTS else "//"
    spdx = next((i for i, line in enumerate(lines[:3]) if "SPDX-License-Identifier:" in line), None)
    if spdx is None:
        yield 1, "no SPDX line at the top"
        return
    speaks_for_itself = path.suffix in {".hpp", ".h", ".cuh"} or path.name == "main.cpp"
    after = lines[spdx + 1] if spdx + 1 < len(lines) else ""
    if speaks_for_itself and not after.startswith(comment):
        yield spdx + 2, "no purpose comment after the SPDX line"


def check_size(path, text):
    limit = TEST_LINES_MAX if path.parts[0] == "tests" else LINES_MAX
    count = len(text.splitlines())
    if count > limit:
        yield limit, f"{count} lines, the limit is {limit}: split by responsibility"


def check_alone(path, text):
    for number, line in enumerate(text.splitlines(), 1):
        if re.search(r"(?<![\w.])/(work|home|root)/\w", line):
            yield number, "a path of one machine: the repository stands alone"


def check_readmes(root, files):
    counts = {}
    for path in files:
        if len(path.parts) > 1 and not path.parts[0].startswith("."):
            counts.setdefault(Path(path.parts[0]), 0)
        if path.suffix in SOURCES | SCRIPTS and path.parts[0] != "tests" and len(path.parts) > 1:
            counts[path.parent] = counts.get(path.parent, 0) + 1
    for folder, count in sorted(counts.items()):
        readme = root / folder / "README.md"
        if not readme.is_file():
            if len(folder.parts) == 1 or count > SOURCES_WITHOUT_README_MAX:
                yield folder, 0, "no README.md: what is it for, what may it include, in which order to read"
        elif len(readme.read_text().splitlines()) > README_LINES_MAX:
            yield folder / "README.md", README_LINES_MAX, f"over {README_LINES_MAX} lines"


def broken_rules(root):
    files = files_of(root)
    yield from check_readmes(root, files)
    for path in files:
        checks = []
        if path.suffix in SOURCES:
            checks = [check_floors, check_homes, check_purity, check_opening, check_size, check_alone]
        elif path.suffix in SCRIPTS:
            checks = [check_opening, check_size, check_alone]
        elif path.name == "CMakeLists.txt":
            checks = [check_links, check_alone]
        elif path.suffix in {".md", ".cmake", ".capnp", ".json", ".toml"}:
            checks = [check_alone]
        if not checks:
            continue
        text = (root / path).read_text(errors="replace")
        for check in checks:
            for number, reason in check(path, text):
                yield path, number, reason


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent).resolve()
    broken = list(broken_rules(root))
    for path, number, reason in broken:
        print(f"{path}:{number}: {reason}")
    print(f"house rules: {len(broken)} broken")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())

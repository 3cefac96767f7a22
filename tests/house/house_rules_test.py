#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Proves that each house rule can fail, and that a sound tree passes."""
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import house_rules  # noqa: E402

HEADER = "// SPDX-License-Identifier: Apache-2.0\n// What it is for.\n#pragma once\n"
SOUND = {
    "base/README.md": "base", "base/ids.hpp": HEADER,
    "cluster/README.md": "cluster", "cluster/raft.hpp": HEADER + '#include "base/ids.hpp"\n',
    "cluster/CMakeLists.txt": "harka_library(cluster SOURCES raft.cpp LINK harka::base)\n",
    "runtime/README.md": "runtime", "runtime/turn.hpp": HEADER + "#include <map>\n",
    "runtime/net/loop.cpp": HEADER + "#include <kj/async-io.h>\n#include <thread>\n",
    "tests/README.md": "tests",
    "tests/cluster/raft_test.cpp": HEADER + '#include <boost/test/unit_test.hpp>\n#include "cluster/raft.hpp"\n',
}


class HouseRules(unittest.TestCase):
    def broken(self, changes):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in {**SOUND, **changes}.items():
                if text is None:
                    continue
                path = Path(folder) / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            return [f"{path}: {reason}" for path, _, reason in house_rules.broken_rules(Path(folder))]

    def assert_breaks(self, changes, words):
        broken = self.broken(changes)
        self.assertEqual(len(broken), 1, broken)
        self.assertIn(words, broken[0])

    def test_a_sound_tree_passes(self):
        self.assertEqual(self.broken({}), [])

    def test_an_include_up_a_floor(self):
        self.assert_breaks({"base/x.hpp": HEADER + '#include "cluster/raft.hpp"\n'}, "floors")

    def test_an_include_sideways(self):
        self.assert_breaks({"cluster/x.hpp": HEADER + '#include "storage/engine.hpp"\n'}, "floors")

    def test_a_test_includes_more_than_its_folder_may(self):
        self.assert_breaks({"tests/base/x_test.cpp": HEADER + '#include "cluster/raft.hpp"\n'}, "floors")

    def test_gpu_includes_nothing_else(self):
        changes = {"gpu/README.md": "", "gpu/x.hpp": HEADER + '#include "base/ids.hpp"\n'}
        self.assert_breaks(changes, "floors")

    def test_a_link_up_a_floor(self):
        self.assert_breaks({"base/CMakeLists.txt": "harka_library(base LINK harka::raft)\n"}, "link")

    def test_a_library_away_from_home(self):
        self.assert_breaks({"cluster/x.hpp": HEADER + "#include <capnp/message.h>\n"}, "only")
        self.assert_breaks({"runtime/net/x.hpp": HEADER + "#include <caf/actor.hpp>\n"}, "only")
        self.assert_breaks({"base/x.hpp": HEADER + "#include <boost/test/unit_test.hpp>\n"}, "only")

    def test_a_library_without_home(self):
        self.assert_breaks({"base/x.hpp": HEADER + "#include <absl/strings.h>\n"}, "no home")

    def test_what_is_banned_in_pure_folders(self):
        for line in [
                "#include <thread>", "#include <mutex>", "#include <unordered_map>", "#include <random>",
                "#include <fstream>", "#include <sys/socket.h>", '#include "runtime/net/loop.hpp"',
                "auto t = std::chrono::steady_clock::now();", "std::random_device seed;"]:
            with self.subTest(line):
                for folder in ["cluster", "actors/shard", "admin", "runtime"]:
                    readme = {f"{folder.split('/')[0]}/README.md": ""}
                    self.assert_breaks({**readme, f"{folder}/x.hpp": HEADER + line + "\n"}, "pure")

    def test_a_folder_without_readme(self):
        self.assert_breaks({"cluster/README.md": None}, "no README.md")
        many = {f"cluster/raft/x{i}.hpp": HEADER for i in range(6)}
        self.assert_breaks(many, "no README.md")

    def test_a_long_readme(self):
        self.assert_breaks({"base/README.md": "line\n" * 41}, "over 40 lines")

    def test_a_file_without_licence(self):
        self.assert_breaks({"base/x.hpp": "// What it is for.\n"}, "SPDX")
        self.assert_breaks({"tests/support/x.py": "import os\n"}, "SPDX")

    def test_a_header_without_purpose(self):
        self.assert_breaks({"base/x.hpp": "// SPDX-License-Identifier: Apache-2.0\n#pragma once\n"}, "purpose")

    def test_a_long_file(self):
        self.assert_breaks({"base/x.cpp": HEADER + "//\n" * 500}, "limit is 500")
        self.assertEqual(self.broken({"tests/base/x_test.cpp": HEADER + "//\n" * 700}), [])
        self.assert_breaks({"tests/base/x_test.cpp": HEADER + "//\n" * 800}, "limit is 800")

    def test_a_path_of_one_machine(self):
        self.assert_breaks({"base/x.hpp": HEADER + "// see /" + "home/somebody/notes\n"}, "stands alone")


if __name__ == "__main__":
    unittest.main()

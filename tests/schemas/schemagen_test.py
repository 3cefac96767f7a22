#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What schemagen must refuse, and what it emits for defaults. Usage: schemagen_test.py CAPNP PLUGIN"""
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

CAPNP, PLUGIN = sys.argv[1:3]
HEAD = """@0xd3442b6763925104;
using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("harka::wire");
annotation message @0xd1c6a5f6a4a0b1c2 (struct) :Void;
annotation local @0xd1c6a5f6a4a0b1c5 (struct) :Void;
"""


def folded(name):
    value = 2166136261
    for byte in name.encode():
        value = ((value ^ byte) * 16777619) & 0xFFFFFFFF
    return (value >> 16) ^ (value & 0xFFFF)


def colliding_names():
    seen = {}
    for number in range(100_000):
        name = f"M{number}"
        if folded(name) in seen:
            return seen[folded(name)], name
        seen[folded(name)] = name
    raise AssertionError("16 bits must collide before that")


class Schemagen(unittest.TestCase):
    def generate(self, body):
        with tempfile.TemporaryDirectory() as folder:
            schema = Path(folder) / "subject.capnp"
            schema.write_text(HEAD + body)
            done = subprocess.run(
                [CAPNP, "compile", f"-o{PLUGIN}:{folder}", f"--src-prefix={folder}", str(schema)],
                capture_output=True, text=True)
            made = [Path(folder) / f"subject.{suffix}" for suffix in ("hpp", "wire.cpp")]
            return done.returncode, done.stderr, "".join(p.read_text() for p in made if p.is_file())

    def assert_refused(self, body, words):
        code, error, _ = self.generate(body)
        self.assertNotEqual(code, 0)
        self.assertIn(words, error)

    def test_two_names_with_one_wire_kind(self):
        first, second = colliding_names()
        self.assert_refused(
            f"struct {first} $message {{}}\nstruct {second} $message {{}}", "share a wire kind")
        code, error, _ = self.generate(f"struct {first} $message {{}}\nstruct {second} {{}}")
        self.assertEqual(code, 0, error)

    def test_a_part_that_is_local(self):
        self.assert_refused("struct A $local {}", "only a message may be")

    def test_unions_and_groups(self):
        self.assert_refused("struct A { union { a @0 :Bool; b @1 :Bool; } }", "not supported")
        self.assert_refused("struct A { g :group { a @0 :Bool; } }", "not supported")

    def test_nested_and_recursive_structs(self):
        self.assert_refused("struct A { struct B {} a @0 :B; }", "not supported")
        self.assert_refused("struct A { a @0 :B; }\nstruct B { a @0 :List(A); }", "not supported")

    def test_lists_of_lists_and_pointers_to_anything(self):
        self.assert_refused("struct A { a @0 :List(List(Bool)); }", "not supported")
        self.assert_refused("struct A { a @0 :AnyPointer; }", "may not hold")

    def test_lists_of_bool_and_defaults_behind_pointers(self):
        self.assert_refused("struct A { a @0 :List(Bool); }", "not supported")
        self.assert_refused('struct A { a @0 :Text = "a"; }', "have defaults")

    def test_defaults_and_names(self):
        code, error, header = self.generate(
            "enum Colour { darkRed @0; blue @1; }\n"
            "struct A { lastIndex @0 :UInt32 = 7; isOpen @1 :Bool = true; colour @2 :Colour = blue; }")
        self.assertEqual(code, 0, error)
        for line in ["std::uint32_t last_index{7};", "bool is_open{true};", "Colour colour{Colour::blue};",
                     "  dark_red,", "count_of(Colour) {", "out.set(0, value.last_index, 7U);",
                     "in.flag(32, true)", "in.number<Colour>(6, 1U)"]:
            self.assertIn(line, header)

    def test_what_is_contained_stands_before_its_container(self):
        _, _, header = self.generate("struct A { b @0 :B; }\nstruct B { a @0 :Bool; }")
        self.assertLess(header.index("struct B"), header.index("struct A"))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])

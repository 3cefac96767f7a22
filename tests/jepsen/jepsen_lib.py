# SPDX-License-Identifier: Apache-2.0
"""One run: a cluster, clients, faults, healing, a last read of everything, the verdict."""
import argparse
import os
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import space_lib
from clients_lib import WORKLOADS, Clients, keys_of
from nemesis_lib import Nemesis
from nodes_lib import HEAL_BOUND, PRELOAD, Failed, NodeEnded, Nodes
from schedule_lib import KINDS, draw
from verdict_lib import LINEARIZABLE, VIOLATED, check

OK_MIN = 200  # operations; fewer prove nothing
SKIPPED = 77


@dataclass
class Run:
    workload: str
    faults: tuple
    seed: int
    seconds: float = 50  # of faults; starting, healing and the last reads come on top
    nodes: int = 3
    clients: int = 6
    heal_bound: float = HEAL_BOUND
    extra: tuple = ()  # more words for `harka start`
    folder: str = ""  # kept there when something is wrong; default: beside the build

    def name(self):
        return f"{self.workload}-{'-'.join(self.faults) or 'calm'}-{self.seed}"

    def replay(self):
        more = f" --extra='{' '.join(self.extra)}'" if self.extra else ""
        return (f"tests/jepsen/jepsen --workload {self.workload} --faults {','.join(self.faults)} --seed {self.seed}"
                f" --seconds {self.seconds:g} --nodes {self.nodes} --clients {self.clients}{more}")


class Story:
    """What is said goes to the terminal and into the run's folder."""

    def __init__(self, folder):
        self.file = open(folder / "story", "w")

    def __call__(self, text):
        print(text, flush=True)
        self.file.write(text + "\n")
        self.file.flush()


def folder_of(run):
    base = Path(run.folder or Path(os.environ.get("HARKA_BUILD", tempfile.gettempdir())) / "jepsen")
    return base / run.name()


def fresh_folder(run):
    folder = folder_of(run)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder.resolve()


def carry_out(run):
    """(verdict, words); the folder is deleted when the history is linearizable and all else was right."""
    folder = fresh_folder(run)
    say = Story(folder)
    say(f"run {run.name()}: {run.replay()}")
    keys = [key for generation in range(3) for key in keys_of(WORKLOADS[run.workload], generation)]
    faults = draw(run.seed, run.faults, run.seconds, run.nodes, keys)
    say("schedule:\n" + "\n".join(f"  {fault}" for fault in faults))
    trouble = None
    try:
        with_cluster(run, folder, faults, say)
    except NodeEnded as failure:
        trouble = "crashed", str(failure)
    except Failed as failure:
        trouble = "not recovered", str(failure)
    verdict, words = judge(folder / "history.jsonl", trouble)
    say(f"VERDICT  {verdict}: {words}")
    if verdict == LINEARIZABLE:
        shutil.rmtree(folder, ignore_errors=True)
    else:
        say(f"kept in {folder}; replay: {run.replay()}")
    return verdict, words


def judge(history, trouble):
    """What clients saw outweighs what else went wrong. Without the last reads a lost write may stay hidden."""
    if not history.exists():
        return trouble
    verdict, words = check(history, trouble is None)
    return trouble if trouble and verdict != VIOLATED else (verdict, words)


def with_cluster(run, folder, faults, say):
    space = space_lib.make_space(run.nodes, run.seed, folder)
    nodes = None
    try:
        nodes = Nodes(space, folder, run.nodes, "disk" in run.faults, run.extra)
        say(f"{run.nodes} nodes; who cuts links: {space.how}")
        exercise(run, folder, faults, say, space, nodes)
    finally:
        if nodes:
            nodes.end()
        space.end()


def exercise(run, folder, faults, say, space, nodes):
    clients = Clients(space, run.workload, run.clients, run.seed, folder / "history.jsonl")
    nemesis = Nemesis(nodes, space, run.seed, say)
    clients.start()
    try:
        nemesis.run(faults, time.monotonic(), run.seconds)
    finally:
        nemesis.heal()
        clients.stop()
    try:
        nodes.wait_healthy(run.heal_bound)
        clients.read_everything()
    finally:
        clients.close()
    ends = sum(len(node.exits) for node in nodes)
    say(f"{clients.counts['ok']} operations ok, {clients.counts['fail']} refused, {clients.counts['unknown']} unknown; "
        f"longest time without one {clients.gap_max:.1f} s; {nemesis.count} faults, {ends} nodes ended for their disk")
    if clients.counts["ok"] < OK_MIN:
        raise Failed(f"only {clients.counts['ok']} operations succeeded: that proves nothing")


def script(*runs):
    """The main program of a test: every run has to be linearizable."""
    space_lib.enter()
    need_preload()
    verdicts = [carry_out(run)[0] for run in runs]
    return 0 if all(verdict == LINEARIZABLE for verdict in verdicts) else 1


def need_preload():
    if not PRELOAD.exists():
        print(f"there is no {PRELOAD}: build first")
        sys.exit(1)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workload", choices=sorted(WORKLOADS), default="register")
    parser.add_argument("--faults", default=",".join(KINDS), help="some of " + ",".join(KINDS))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--nodes", type=int, default=3)
    parser.add_argument("--clients", type=int, default=6)
    parser.add_argument("--extra", default="", help="more flags for `harka start`")
    parser.add_argument("--folder", default="", help="where a failed run is kept")
    parser.add_argument("--schedule", action="store_true", help="only print what would happen")
    options = parser.parse_args()
    faults = tuple(kind for kind in options.faults.split(",") if kind)
    unknown = set(faults) - set(KINDS)
    if unknown:
        parser.error(f"no such fault: {', '.join(sorted(unknown))}; there are {', '.join(KINDS)}")
    run = Run(options.workload, faults, options.seed, options.seconds, options.nodes, options.clients,
              extra=tuple(options.extra.split()), folder=options.folder)
    if options.schedule:
        keys = [key for generation in range(3) for key in keys_of(WORKLOADS[run.workload], generation)]
        print("\n".join(str(fault) for fault in draw(run.seed, run.faults, run.seconds, run.nodes, keys)))
        return 0
    return script(run)

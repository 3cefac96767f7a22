# SPDX-License-Identifier: Apache-2.0
"""Carries a schedule out, step by step in one thread; says what each step met."""
import errno
import signal
import time

STEP = 0.05  # seconds between looks at the nodes


class Nemesis:
    def __init__(self, nodes, space, seed, say):
        self.nodes, self.space, self.seed, self.say = nodes, space, seed, say
        self.cuts, self.rules = {}, {}  # of the faults under way, by fault
        self.victims, self.count = {}, 0

    def run(self, faults, began, seconds):
        """Until `seconds` after `began`; every fault is over then."""
        steps = [(fault.at, 0, number, fault) for number, fault in enumerate(faults)]
        steps += [(fault.until, 1, number, fault) for number, fault in enumerate(faults)]
        for at, is_end, number, fault in sorted(steps, key=lambda step: step[:3]):
            self.wait_until(began + at)
            act = (self.end if is_end else self.begin)(fault, number)
            self.say(f"{time.monotonic() - began:5.1f} s  {'end of ' if is_end else ''}{fault.kind} {act}")
            self.count += is_end
        self.wait_until(began + seconds)

    def wait_until(self, moment):
        while True:
            self.nodes.complain()
            self.revive()
            left = moment - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(STEP, left))

    def revive(self):
        """A node may notice that its disk has failed when the fault is over already."""
        for node in self.nodes:
            if node.process is None and not node.holds and not node.is_disk_failing():
                node.start()

    def begin(self, fault, number):
        self.victims[number] = self.resolve(fault.target)
        return getattr(self, "begin_" + fault.kind.replace("-", "_"))(fault, number) or self.name(number)

    def end(self, fault, number):
        return getattr(self, "end_" + fault.kind.replace("-", "_"))(fault, number) or self.name(number)

    def resolve(self, target):
        if target is None:
            return [node.i for node in self.nodes]
        return [target if isinstance(target, int) else self.nodes.leader_of(target.split(":", 1)[1])]

    def name(self, number):
        return ", ".join(f"n{i}" for i in self.victims[number])

    def of(self, number):
        return [self.nodes[i] for i in self.victims[number]]

    def heal(self):
        """Whatever is still under way, is not any more."""
        self.space.cut([])
        self.space.shape({})
        for node in self.nodes:
            node.control.set(clock_offset=0, sync_error=0, write_error=0, sync_delay=0)
            if node.disk:
                node.disk.empty()
            node.signal(signal.SIGCONT)
            node.holds.clear()
            if not node.is_running():
                node.start()

    # Processes.
    def begin_kill(self, _fault, number):
        for node in self.of(number):
            node.signal(signal.SIGKILL)  # all before the first is waited for
        for node in self.of(number):
            node.hold(number)

    def end_kill(self, _fault, number):
        for node in self.of(number):
            node.release(number)

    begin_kill_all, end_kill_all = begin_kill, end_kill

    def begin_pause(self, _fault, number):
        for node in self.of(number):
            node.signal(signal.SIGSTOP)

    def end_pause(self, _fault, number):
        for node in self.of(number):
            node.signal(signal.SIGCONT)

    # The network.
    def begin_partition(self, fault, number):
        cuts = fault.detail.get("cuts")
        if cuts is None:
            alone = self.victims[number][0]
            cuts = [pair for i in self.space.nodes if i != alone for pair in ((i, alone), (alone, i))]
        self.cuts[number] = cuts
        self.space.cut({tuple(pair) for all_of_one in self.cuts.values() for pair in all_of_one})
        return f"{fault.detail['of']}: " + " ".join(f"{a}>{b}" for a, b in cuts)

    def end_partition(self, fault, number):
        del self.cuts[number]
        self.space.cut({tuple(pair) for all_of_one in self.cuts.values() for pair in all_of_one})
        return fault.detail["of"]

    def begin_net(self, fault, number):
        shape, pairs = fault.detail["of"], fault.detail["pairs"]
        if shape in ("reset", "tear", "replay"):
            for a, b in pairs:
                self.space.tell({shape: f"{a}>{b}"})
        else:
            rule = {key: fault.detail[key] for key in ("delay", "rate") if key in fault.detail} or {"stall": True}
            self.rules[number] = {tuple(pair): rule for pair in pairs}
            self.reshape()
        return f"{shape}: " + " ".join(f"{a}>{b}" for a, b in pairs)

    def end_net(self, fault, number):
        if self.rules.pop(number, None) is not None:
            self.reshape()
        return fault.detail["of"]

    def reshape(self):
        self.space.shape({pair: rule for rules in self.rules.values() for pair, rule in rules.items()})

    # Disks.
    def begin_disk(self, fault, number):
        shape = fault.detail["of"]
        for node in self.of(number):
            node.may_end = node.may_end or shape != "slow-sync"
            if shape == "full" and node.disk and node.disk.kind:
                node.disk.fill()
            elif shape == "full":
                node.control.set(write_error=errno.ENOSPC)
            elif shape == "slow-sync":
                node.control.set(sync_delay=int(fault.detail["delay"] * 1e6))
            else:
                node.control.set(**{shape.replace("-", "_"): errno.EIO})
        return f"{shape}: {self.name(number)}"

    def end_disk(self, fault, number):
        """A node that ended comes back; what its last sync refused may be on the disk or not."""
        met = []
        for node in self.of(number):
            node.control.set(sync_error=0, write_error=0, sync_delay=0)
            if node.disk:
                node.disk.empty()
            if node.is_running() or node.holds:
                continue
            lost = node.lose_power(f"{self.seed}/{number}", fault.detail["survival"])
            met.append(f"n{node.i} had ended, lost {lost[0]} sectors and {lost[1]} names")
            node.release(number)
        return f"{fault.detail['of']}: " + ("; ".join(met) or f"{self.name(number)} went on")

    begin_power = begin_power_all = begin_kill

    def end_power(self, fault, number):
        met = []
        for node in self.of(number):
            lost = node.lose_power(f"{self.seed}/{number}/{node.i}", fault.detail["survival"])
            met.append(f"n{node.i} lost {lost[0]} sectors and {lost[1]} names")
        self.end_kill(fault, number)
        return "; ".join(met)

    end_power_all = end_power

    # Clocks.
    def begin_clock(self, fault, number):
        for node in self.of(number):
            node.control.set(clock_offset=int(fault.detail["offset"] * 1e9))
        return f"{self.name(number)} {fault.detail['offset']:+.1f} s"

    def end_clock(self, _fault, number):
        for node in self.of(number):
            node.control.set(clock_offset=0)

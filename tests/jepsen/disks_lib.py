# SPDX-License-Identifier: Apache-2.0
"""A node's disk: small enough to fill, told to fail, and as it would be after a power failure.

The preloaded library (preload/) keeps a journal of what was not synced yet; `lose_power` undoes it.
"""
import errno
import mmap
import os
import shutil
import struct
import subprocess
from pathlib import Path

SECTOR = 512
HEAD = struct.Struct("=QQQ")
BYTES, SIZE, MADE, MOVED, REMOVED = range(1, 6)


class Control:
    """The mapped file of preload/control.hpp."""

    FIELDS = ("clock_offset", "sync_error", "write_error", "sync_delay", "failed_count")

    def __init__(self, path):
        path.write_bytes(bytes(8 * len(self.FIELDS)))
        with open(path, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), 0)

    def set(self, **fields):
        for name, value in fields.items():
            struct.pack_into("=q", self.map, 8 * self.FIELDS.index(name), value)

    def get(self, name):
        return struct.unpack_from("=q", self.map, 8 * self.FIELDS.index(name))[0]


class SmallDisk:
    """ext4 on a loop device; where that may not be mounted a tmpfs; else an ordinary folder."""

    def __init__(self, folder, megabytes):
        self.folder, self.ballast, self.kind = folder, None, ""
        folder.mkdir(parents=True)
        image = folder.with_suffix(".img")
        with open(image, "wb") as file:
            file.truncate(megabytes << 20)
        ext4 = [["mkfs.ext4", "-q", "-F", "-m", "0", str(image)], ["mount", "-o", "loop", str(image), str(folder)]]
        tmpfs = [["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]]
        for kind, steps in (("ext4", ext4), ("tmpfs", tmpfs)):
            if all(self.works(step) for step in steps):
                self.kind = kind
                break
        if self.kind != "ext4":
            image.unlink()

    @staticmethod
    def works(words):
        try:
            return subprocess.run(words, capture_output=True).returncode == 0
        except FileNotFoundError:
            return False

    def fill(self):
        """Until not a block is left."""
        self.ballast = self.folder / "ballast"
        with open(self.ballast, "wb") as file:
            free = os.statvfs(self.folder)
            size = free.f_bavail * free.f_frsize
            step = size
            while step >= 4096:
                try:
                    os.posix_fallocate(file.fileno(), os.fstat(file.fileno()).st_size, step)
                except OSError as failure:
                    if failure.errno != errno.ENOSPC:
                        raise
                    step //= 2

    def empty(self):
        if self.ballast:
            self.ballast.unlink(missing_ok=True)
            self.ballast = None

    def end(self):
        if self.kind:
            subprocess.run(["umount", str(self.folder)], capture_output=True)


def records_of(path):
    """(kind, offset, bytes) as they were kept; a last one that was cut by the kill is left out."""
    raw, at, records = path.read_bytes(), 0, []
    while at + HEAD.size <= len(raw):
        kind, offset, length = HEAD.unpack_from(raw, at)
        at += HEAD.size
        if at + length > len(raw):
            break
        records.append((kind, offset, raw[at:at + length]))
        at += length
    return records


def undo_bytes(file, records, random, survival):
    """Each sector goes back as far as it was lost: newest first, until a write that survived."""
    kept, lost = set(), 0
    for kind, offset, old in reversed(records):
        if kind == SIZE:
            if survival == 0:
                os.truncate(file, offset)
            continue
        position = offset
        while position < offset + len(old):
            sector = position // SECTOR
            end = min((sector + 1) * SECTOR, offset + len(old))
            if sector not in kept and random.random() < survival:
                kept.add(sector)
            if sector not in kept:
                os.pwrite(file, old[position - offset:end - offset], position)
                lost += 1
            position = end
    return lost


def undo_name(kind, raw):
    """`raw` is PATH NUL REST."""
    path, rest = raw.split(b"\0", 1)
    if kind == MADE:
        if os.path.isdir(path):
            shutil.rmtree(path)
        elif os.path.exists(path):
            os.unlink(path)
    elif kind == MOVED:
        target, replaced = rest.split(b"\0", 1)
        os.rename(target, path)
        if replaced:
            Path(os.fsdecode(target)).write_bytes(replaced[1:])
    else:
        Path(os.fsdecode(path)).write_bytes(rest)


def lose_power(data, journal, random, survival):
    """The data directory of a node that is dead, without what it had not synced.

    Each un-synced sector survives with the probability `survival`: a disk may have written it before
    anybody asked. Returns how many sectors and names were lost.
    """
    by_inode = {path.stat().st_ino: path for path in data.rglob("*") if path.is_file()}
    lost_sectors = lost_names = 0
    for kept in sorted(journal.glob("file-*")):
        path = by_inode.get(int(kept.name.split("-")[1]))
        records = records_of(kept)
        if path and records:
            file = os.open(path, os.O_RDWR)
            lost_sectors += undo_bytes(file, records, random, survival)
            os.close(file)
    for kept in sorted(journal.glob("folder-*")):
        for kind, _, raw in reversed(records_of(kept)):
            undo_name(kind, raw)
            lost_names += 1
    forget(journal)
    return lost_sectors, lost_names


def forget(journal):
    for kept in journal.iterdir():
        kept.unlink()

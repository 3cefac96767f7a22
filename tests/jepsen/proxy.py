# SPDX-License-Identifier: Apache-2.0
"""The TCP fault proxy between nodes: started by space_lib, told what to do by lines of JSON on stdin.

  argv[1]: {"self": 1, "seed": 7, "doors": [[2, "10.77.0.2", 7400, "10.88.0.2", 7400], ...]}
           or "sources": {"127.88.9.1": 1, ...} instead of "self", where all nodes share it
  stdin:   {"rules": {"1>2": {"delay": [0.01, 0.2], "rate": 20000, "stall": true, "cut": true}}}
           {"reset": "1>2"}, {"tear": "1>2"}, {"replay": "1>2"}

Bytes of one connection keep their order, as TCP promises; the two connections of a pair of nodes,
and pairs among each other, overtake as their delays differ. What TCP does not allow to be doubled is
doubled as a whole: `replay` sends what an earlier connection sent again, on a new one. `tear` passes
half of what comes next and resets. Every delay is drawn from (seed, pair, number of the connection,
direction), so how much each piece is held does not depend on what other pairs do.
"""
import asyncio
import json
import random
import socket
import struct
import sys

QUEUE_PIECES, PIECE = 256, 65536
CONNECT_BOUND, REPLAY_BOUND, RECORDED_MAX = 3.0, 5.0, 65536
LINGER_RESET = struct.pack("ii", 1, 0)


class Flow:
    """One direction of one connection."""

    def __init__(self, proxy, pair, number, reader, writer):
        self.proxy, self.pair, self.reader, self.writer = proxy, pair, reader, writer
        self.random = random.Random(f"{proxy.seed}/{pair}/{number}")
        self.queue = asyncio.Queue(QUEUE_PIECES)
        self.due, self.is_torn = 0.0, False

    def rule(self):
        return self.proxy.rules.get(self.pair, {})

    async def next_piece(self):
        try:
            return await self.reader.read(PIECE)
        except OSError:
            return b""

    async def take(self):
        clock = asyncio.get_running_loop()
        while data := await self.next_piece():
            low, high = self.rule().get("delay", (0, 0))
            rate = self.rule().get("rate", 0)
            self.due = max(self.due, clock.time() + self.random.uniform(low, high))
            if rate:
                self.due += len(data) / rate
            await self.queue.put((self.due, data))
        await self.queue.put((self.due, b""))

    async def pass_on(self):
        clock = asyncio.get_running_loop()
        while True:
            due, data = await self.queue.get()
            await asyncio.sleep(max(0, due - clock.time()))
            while self.rule().get("stall") or self.rule().get("cut"):
                await self.proxy.changed()
            if not data:
                return
            self.writer.write(data[:len(data) // 2] if self.is_torn else data)
            await self.writer.drain()
            if self.is_torn:
                raise ConnectionResetError("torn")


class Proxy:
    def __init__(self, plan):
        self.plan, self.seed = plan, plan["seed"]
        self.rules, self.flows, self.recorded, self.numbers = {}, set(), {}, {}
        self.bell = asyncio.Event()

    async def changed(self):
        await self.bell.wait()

    def dialer(self, writer):
        return self.plan.get("self") or self.plan["sources"].get(writer.get_extra_info("peername")[0])

    async def serve(self, target, address, reader, writer):
        source = self.dialer(writer)
        there, back = f"{source}>{target}", f"{target}>{source}"
        number = self.numbers[there] = self.numbers.get(there, 0) + 1
        far = None
        try:
            for pair in (there, back):
                if self.rules.get(pair, {}).get("cut"):
                    raise ConnectionRefusedError
            far_reader, far = await asyncio.wait_for(asyncio.open_connection(*address), CONNECT_BOUND)
            await self.pump(Flow(self, there, f"{number}/there", reader, far),
                            Flow(self, back, f"{number}/back", far_reader, writer))
        except (OSError, asyncio.TimeoutError):
            pass
        finally:
            for side in (writer, far):
                if side is not None:
                    reset(side)

    async def pump(self, there, back):
        flows = {there, back}
        self.flows |= flows
        self.record(there)
        passing = [asyncio.ensure_future(flow.pass_on()) for flow in flows]
        tasks = [*passing, *(asyncio.ensure_future(flow.take()) for flow in flows)]
        try:
            # Whoever closes ends both directions: links between nodes do not close one half.
            await asyncio.wait(passing, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.flows -= flows
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def record(self, flow):
        """Keeps what the dialer of the pair's first connection sent, for `replay`."""
        if flow.pair in self.recorded:
            return
        kept = self.recorded[flow.pair] = bytearray()
        write = flow.writer.write

        def kept_write(data):
            kept.extend(data[:max(0, RECORDED_MAX - len(kept))])
            write(data)
        flow.writer.write = kept_write

    async def replay(self, pair):
        target = int(pair.split(">")[1])
        address = next(((host, port) for j, _, _, host, port in self.plan["doors"] if j == target), None)
        if address is None or not self.recorded.get(pair):
            return
        try:
            reader, writer = await asyncio.wait_for(asyncio.open_connection(*address), CONNECT_BOUND)
            writer.write(bytes(self.recorded[pair]))
            try:
                await asyncio.wait_for(reader.read(-1), REPLAY_BOUND)
            finally:
                reset(writer)
        except (OSError, asyncio.TimeoutError):
            pass

    def order(self, order):
        if "rules" in order:
            self.rules = order["rules"]
            self.bell.set()
            self.bell = asyncio.Event()
        for flow in list(self.flows):
            if flow.pair == order.get("reset"):
                reset(flow.writer)
            if flow.pair == order.get("tear"):
                flow.is_torn = True
        if "replay" in order:
            asyncio.ensure_future(self.replay(order["replay"]))


def reset(writer):
    connection = writer.get_extra_info("socket")
    if connection is not None and connection.fileno() >= 0:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_RESET)
    writer.transport.abort()


async def main():
    plan = json.loads(sys.argv[1])
    proxy = Proxy(plan)
    for target, host, port, to_host, to_port in plan["doors"]:
        async def serve(reader, writer, target=target, address=(to_host, to_port)):
            await proxy.serve(target, address, reader, writer)
        await asyncio.start_server(serve, host, port)
    print("ready", flush=True)
    orders = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    while line := await orders.readline():
        proxy.order(json.loads(line))


asyncio.run(main())

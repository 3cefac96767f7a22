# SPDX-License-Identifier: Apache-2.0
"""What redis-py's cluster client does for a user, against the cluster at a port. Run by the tests
in tests/peers with the interpreter that has the redis-py in question.

usage: redis_py_session.py PORT PREFIX [PROTOCOL]   exit 0: all as expected
"""
import asyncio
import sys

import redis

PORT, PREFIX = int(sys.argv[1]), sys.argv[2]
OPTIONS = {"host": "127.0.0.1", "port": PORT}
if len(sys.argv) > 3:
    OPTIONS["protocol"] = int(sys.argv[3])
KEYS = [f"{PREFIX}:{{t{i}}}:k" for i in range(50)]
COUNTER = PREFIX + ":counter"


def commands():
    client = redis.RedisCluster(**OPTIONS)
    for i, key in enumerate(KEYS):
        assert client.set(key, str(i))
    assert [client.get(key) for key in KEYS] == [str(i).encode() for i in range(50)]
    assert client.incr(COUNTER) == 1
    assert client.mget(PREFIX + "{a}1", PREFIX + "{a}2") == [None, None]
    assert client.expire(COUNTER, 100) and 0 < client.ttl(COUNTER) <= 100
    assert client.delete(COUNTER) == 1
    found = set(client.scan_iter(match=PREFIX + ":*", target_nodes="all"))
    assert found == {key.encode() for key in KEYS}, found
    assert client.set(KEYS[0], "new", nx=True) is None
    assert client.set(KEYS[0], "new", get=True) == b"0"
    try:
        client.incr(KEYS[0])
    except redis.ResponseError as error:
        assert "not an integer" in str(error)
    else:
        raise AssertionError("INCR of a text was not refused")
    client.close()


def pipelines():
    client = redis.RedisCluster(**OPTIONS)
    pipeline = client.pipeline()
    for key in KEYS:
        pipeline.incrby(key + ":n", 2)
    answers = pipeline.execute()
    assert answers == [2] * len(KEYS), answers
    client.close()


def reads_of_followers():
    client = redis.RedisCluster(read_from_replicas=True, **OPTIONS)
    for key in KEYS[1:]:
        assert client.get(key) is not None
    client.close()


async def asynchronous():
    from redis.asyncio import RedisCluster
    client = RedisCluster(**OPTIONS)
    # One after the other first: a burst at its start makes this client drop its own connections,
    # against Redis as well.
    for key in KEYS:
        await client.get(key)
    await asyncio.gather(*(client.set(key + ":a", key) for key in KEYS))
    answers = await asyncio.gather(*(client.get(key + ":a") for key in KEYS))
    assert answers == [key.encode() for key in KEYS], answers
    await (client.aclose() if hasattr(client, "aclose") else client.close())


commands()
pipelines()
reads_of_followers()
asyncio.run(asynchronous())

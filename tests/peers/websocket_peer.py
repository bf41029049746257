"""A WebSocket server and a client for it.

websocket_peer.py server          prints `listening on http://ADDRESS`, and how conversations ended
websocket_peer.py client ADDRESS  prints `ok NAME` for each thing that it tried
"""

import asyncio
import sys

from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

BIG = 2 * 1024 * 1024


def say(line):
    print(line, flush=True)


async def echo(socket):
    try:
        async for message in socket:
            if message == "close":
                await socket.close(4001, "as you wish")
            else:
                await socket.send(message)
    except ConnectionClosed:
        pass
    finally:
        say(f"closed with {socket.close_code}")


async def server():
    async with serve(echo, "127.0.0.1", 0, max_size=BIG, subprotocols=["chat"], compression="deflate") as running:
        say("listening on http://{}:{}".format(*running.sockets[0].getsockname()[:2]))
        await asyncio.get_running_loop().create_future()


def equal(left, right):
    if left != right:
        raise AssertionError(f"{left!r:.200} is not {right!r:.200}")


async def client(address):
    options = {"max_size": BIG, "subprotocols": ["chat"], "proxy": None}
    async with connect(f"ws://{address}/room?a=b", **options) as socket:
        equal(socket.subprotocol, "chat")
        say("ok subprotocol")
        for message in ["hello", "é\u20ac", "", b"\0\xff", "x" * 70_000, bytes(BIG)]:
            await socket.send(message)
            equal(await socket.recv(), message)
        say("ok messages")
        await socket.send(iter(["in ", "three ", "pieces"]))
        equal(await socket.recv(), "in three pieces")
        say("ok fragments")
        await asyncio.wait_for(await socket.ping(b"are you there"), 5)
        say("ok ping")
    async with connect(f"ws://{address}/", compression=None, **options) as socket:
        await socket.send("plain")
        equal(await socket.recv(), "plain")
    say("ok without compression")
    async with connect(f"ws://{address}/", **options) as socket:
        await socket.send("close")
        try:
            await socket.recv()
            raise AssertionError("still open")
        except ConnectionClosed:
            equal((socket.close_code, socket.close_reason), (4001, "as you wish"))
    say("ok closed by the origin")


if __name__ == "__main__":
    asyncio.run(server() if sys.argv[1] == "server" else client(sys.argv[2]))

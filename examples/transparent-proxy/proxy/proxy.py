"""A transparent proxy: asks the kernel where each redirected connection was going, and carries it there.

It tells who spoke to whom, and for HTTP what was asked and what came back. /stats on port 15000 sums it up.
"""
import collections
import http.server
import json
import socket
import struct
import sys
import threading

PORT, STATS_PORT = 15001, 15000
SO_ORIGINAL_DST = 80
counts: collections.Counter[str] = collections.Counter()


def original_destination(sock: socket.socket) -> tuple[str, int]:
    """Where the client wanted to go before the REDIRECT rule."""
    packed = sock.getsockopt(socket.SOL_IP, SO_ORIGINAL_DST, 16)
    port, address = struct.unpack("!2xH4s8x", packed)
    return socket.inet_ntoa(address), port


def carry(source: socket.socket, target: socket.socket, first: list[bytes]) -> None:
    try:
        while data := source.recv(65536):
            if not first:
                first.append(data.split(b"\r\n", 1)[0][:80])
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def serve(client: socket.socket, peer: tuple[str, int]) -> None:
    address, port = original_destination(client)
    inbound = address == client.getsockname()[0] or address.startswith("127.")
    way = "inbound" if inbound else "outbound"
    if port == PORT:
        # nobody was redirected: somebody calls the proxy itself, and would be carried in a circle
        client.close()
        return
    asked: list[bytes] = []
    answered: list[bytes] = []
    try:
        # the app listens on localhost of the pod, and the proxy's own connections are not redirected
        upstream = socket.create_connection(("127.0.0.1" if inbound else address, port), timeout=5)
        upstream.settimeout(None)
    except OSError as error:
        print(f"{way} {peer[0]} -> {address}:{port} failed: {error}", flush=True)
        client.close()
        return
    counts[way] += 1
    back = threading.Thread(target=carry, args=(upstream, client, answered))
    back.start()
    carry(client, upstream, asked)
    back.join()
    for sock in (client, upstream):
        sock.close()
    words = [b"".join(one).decode("ascii", "replace") for one in (asked, answered)]
    print(f"{way} {peer[0]} -> {address}:{port} \"{words[0]}\" \"{words[1]}\"", flush=True)


class Stats(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = json.dumps({"inbound": counts["inbound"], "outbound": counts["outbound"]}).encode() + b"\n"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


stats = http.server.ThreadingHTTPServer(("127.0.0.1", STATS_PORT), Stats)
threading.Thread(target=stats.serve_forever, daemon=True).start()
listener = socket.create_server(("0.0.0.0", PORT), backlog=128)
print(f"proxying on {PORT}", flush=True)
while True:
    try:
        connection, caller = listener.accept()
    except KeyboardInterrupt:
        sys.exit(0)
    threading.Thread(target=serve, args=(connection, caller), daemon=True).start()

"""A mail server on this machine that takes, refuses, breaks off, hangs or dawdles."""

import socketserver
import threading
import time
from contextlib import suppress

# What it says instead of "250 OK", by the command at which it says that.
REFUSALS = {
    "greeting 421": ("greeting", "421 too busy"),
    "no authentication": ("AUTH", "535 wrong user or password"),
    "sender": ("MAIL", "530 sign in first"),
    "recipient for now": ("RCPT", "451 try again later"),
    "recipient for ever": ("RCPT", "550 no such mailbox"),
    "content for now": ("end", "452 no room"),
    "content for ever": ("end", "552 too long"),
}


class MailServer:
    """`mode` is "takes", a key of REFUSALS, "hangs", "dawdles", "breaks off", "no TLS" or "bad TLS"."""

    def __init__(self):
        self.mode = "takes"
        self.mails, self.attempts = [], 0
        self.ending = threading.Event()
        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self.server.owner = self
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self):
        self.ending.set()
        self.server.shutdown()
        self.server.server_close()


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        self.server.owner.attempts += 1
        with suppress(OSError):  # the other side has had enough
            self.converse()

    def converse(self):
        if self.server.owner.mode == "hangs":
            self.server.owner.ending.wait(120)
            return
        if self.server.owner.mode == "dawdles":
            self.dawdle()
            return
        if not self.say("greeting", "220 here"):
            return
        while line := self.rfile.readline().decode().strip():
            if not self.answer(line.split()[0].upper()):
                return

    def dawdle(self):
        """A byte a second: each read succeeds in time, and all of them take for ever."""
        self.wfile.write(b"220-")
        while not self.server.owner.ending.wait(0.5):
            self.wfile.write(b"x")

    def answer(self, command):
        if command == "EHLO":
            tls = "250-STARTTLS\r\n" if self.server.owner.mode == "bad TLS" else ""
            return self.say(command, f"250-here\r\n{tls}250 AUTH PLAIN LOGIN")
        if command == "STARTTLS":
            self.wfile.write(b"220 go on\r\nthis is no TLS")
            return False
        if command == "DATA":
            return self.take()
        if command == "QUIT":
            self.wfile.write(b"221 bye\r\n")
            return False
        return self.say(command, "235 fine" if command == "AUTH" else "250 OK")

    def take(self):
        if self.server.owner.mode == "breaks off":
            return False
        self.wfile.write(b"354 go on\r\n")
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line)
        if refusal := self.refusal("end"):
            self.wfile.write(refusal.encode() + b"\r\n")
            return True
        self.server.owner.mails.append(b"".join(lines))
        self.wfile.write(b"250 taken\r\n")
        return True

    def say(self, command, usual):
        refusal = self.refusal(command)
        self.wfile.write((refusal or usual).encode() + b"\r\n")
        return not refusal or command != "greeting"

    def refusal(self, command):
        at, words = REFUSALS.get(self.server.owner.mode, ("", ""))
        return words if at == command else ""


def seconds(work):
    """Return how long this took."""
    began = time.monotonic()
    work()
    return time.monotonic() - began

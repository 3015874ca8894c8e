"""A loopback server that answers like Twilio's Messages API: the real SDK runs against it."""

import base64
import hashlib
import hmac
import json
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

from tests.support.waiting import wait_until

ACCOUNT = "AC" + "0" * 32
TOKEN = "a-token-of-the-provider"

# How Twilio words what it refuses: (HTTP status, code, message).
REFUSALS = {
    "21211": (400, 21211, "The 'To' number is not a valid phone number."),
    "21408": (400, 21408, "Permission to send an SMS has not been enabled for the region."),
    "21610": (400, 21610, "Attempt to send to unsubscribed recipient"),
    "429": (429, 20429, "Too Many Requests"),
    "500": (500, 20500, "Internal Server Error"),
}


# What no Twilio says, but what stands in its way may say: (HTTP status, type, body).
NONSENSE = {
    "malformed": (201, "application/json", b'{"sid": "SM'),
    "empty": (201, "application/json", b""),
    "page": (200, "text/html", b"<h1>Welcome to this hotel</h1>"),
    "unauthorized": (401, "application/json", b'{"code": 20003, "message": "Authenticate", "status": 401}'),
    "redirect": (307, "text/plain", b""),
    "elsewhere": (302, "text/plain", b""),
}


class Twilio:
    """`mode` is "created", a key of REFUSALS or NONSENSE, "hang", "cut" or "dawdle"."""

    def __init__(self):
        self.mode = "created"
        self.account = (200, {"sid": ACCOUNT, "status": "active"})
        self.messages = []
        self.led_astray = []  # requests that followed a redirect
        self.release = threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.twilio = self
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        # It looks so often, in seconds, whether it should stop: each test waits for that once.
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self):
        self.release.set()
        self.server.shutdown()
        self.server.server_close()

    def settings(self):
        return {
            "SMS_BACKEND": "twilio",
            "TWILIO_ACCOUNT_SID": ACCOUNT,
            "TWILIO_AUTH_TOKEN": TOKEN,
            "TWILIO_FROM": "+15005550006",
            "TWILIO_API_BASE_URL": self.url,
        }

    def wait_for(self, count):
        wait_until(lambda: len(self.messages) >= count, lambda: f"{len(self.messages)} of {count} texts")
        return self.messages[-1]


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        fields = {name: values[0] for name, values in parse_qs(body).items()}
        if self.path.endswith("/elsewhere"):
            self.server.twilio.led_astray.append(self.path)
        sid = f"SM{len(self.server.twilio.messages):032d}"
        self.server.twilio.messages.append({"sid": sid, "path": self.path, **fields})
        if self.server.twilio.mode == "hang":
            self.server.twilio.release.wait(120)
            return
        if self.server.twilio.mode == "cut":
            self.connection.close()
            return
        if self.server.twilio.mode == "dawdle":
            self.dawdle()
            return
        if self.server.twilio.mode in NONSENSE:
            status, kind, content = NONSENSE[self.server.twilio.mode]
            self.send(status, kind, content)
            return
        if self.server.twilio.mode in REFUSALS:
            status, code, message = REFUSALS[self.server.twilio.mode]
            self.reply(status, {"code": code, "message": message, "status": status})
            return
        self.reply(201, {"sid": sid, "status": "queued", "to": fields["To"], "body": fields["Body"]})

    def do_GET(self):
        if self.path.endswith("/elsewhere"):
            self.server.twilio.led_astray.append(self.path)
            self.send(404, "text/plain", b"")
            return
        status, answer = self.server.twilio.account
        self.send(status, "application/json", json.dumps(answer).encode())

    def reply(self, status, document):
        self.send(status, "application/json", json.dumps(document).encode())

    def send(self, status, kind, content):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        if status in (302, 307):
            self.send_header("Location", f"{self.server.twilio.url}/elsewhere")
        self.end_headers()
        self.wfile.write(content)

    def dawdle(self):
        """A byte now and then: each read succeeds in time, and all of them take for ever."""
        self.send_response(201)
        self.send_header("Content-Length", "1000000")
        self.end_headers()
        with suppress(OSError):
            while not self.server.twilio.release.wait(0.5):
                self.wfile.write(b" ")

    def log_message(self, *arguments):
        pass


def signature(url, fields, token=TOKEN):
    """What Twilio puts into X-Twilio-Signature: HMAC-SHA1 over the address and the sorted fields."""
    text = url + "".join(name + fields[name] for name in sorted(fields))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()

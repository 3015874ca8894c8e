"""A loopback server that answers like Twilio's Messages API: the real SDK runs against it."""

import base64
import hashlib
import hmac
import json
import threading
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


class Twilio:
    """`mode` is "created", a key of REFUSALS, "hang" or "cut"."""

    def __init__(self):
        self.mode = "created"
        self.account = (200, {"sid": ACCOUNT, "status": "active"})
        self.messages = []
        self.release = threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
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

    def handler(self):
        twilio = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                status, answer = twilio.account
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(json.dumps(answer).encode())

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                fields = {name: values[0] for name, values in parse_qs(body).items()}
                sid = f"SM{len(twilio.messages):032d}"
                twilio.messages.append({"sid": sid, "path": self.path, **fields})
                if twilio.mode == "hang":
                    twilio.release.wait(120)
                    return
                if twilio.mode == "cut":
                    self.connection.close()
                    return
                if twilio.mode in REFUSALS:
                    status, code, message = REFUSALS[twilio.mode]
                    self.reply(status, {"code": code, "message": message, "status": status})
                    return
                self.reply(201, {"sid": sid, "status": "queued", "to": fields["To"], "body": fields["Body"]})

            def reply(self, status, document):
                content = json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *arguments):
                pass

        return Handler

    def wait_for(self, count):
        wait_until(lambda: len(self.messages) >= count, lambda: f"{len(self.messages)} of {count} texts")
        return self.messages[-1]


def signature(url, fields, token=TOKEN):
    """What Twilio puts into X-Twilio-Signature: HMAC-SHA1 over the address and the sorted fields."""
    text = url + "".join(name + fields[name] for name in sorted(fields))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()

"""An address in front of a schema registry: it can be taken away and come back, and asks for what it is told to.

In: where the registry is. Out: an address of its own, http or https; what was asked there.
"""

import http.server
import ssl
import threading

import requests

from kitestream import free_port


class RegistryProxy:
    def __init__(self, behind, certificate=None, clients=None, authorization=None):
        """certificate: of this server, its key beside it; clients: who may connect; authorization: the header."""
        self._behind, self._authorization, self._server = behind, authorization, None
        self._port, self.asked, self._context = free_port(), [], None
        if certificate:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(certificate, certificate.with_suffix(".key"))
        if clients:
            self._context.load_verify_locations(clients)
            self._context.verify_mode = ssl.CERT_REQUIRED
        self.url = f"http{'s' if certificate else ''}://127.0.0.1:{self._port}"

    def start(self):
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            """HTTP/1.0: one connection for each request, so that none outlives the server."""

            def _answer(self):
                length = int(self.headers.get("Content-Length", 0))
                self._send(*proxy.ask(self.command, self.path, self.rfile.read(length), self.headers))

            do_GET = do_POST = _answer

            def _send(self, status, body):
                self.send_response(status)
                self.send_header("Content-Type", "application/vnd.schemaregistry.v1+json")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", self._port), Handler)
        if self._context:
            self._server.socket = self._context.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def stop(self):
        if self._server:
            self._server.shutdown()
            self._server.server_close()
        self._server = None

    def ask(self, method, path, body, headers):
        """Thread: one for each request."""
        if self._authorization and headers.get("Authorization") != self._authorization:
            return 401, b'{"error_code": 40101, "message": "Unauthorized"}'
        self.asked.append((method, path))
        answer = requests.request(method, self._behind + path, data=body or None, timeout=30,
                                  headers={"Content-Type": headers.get("Content-Type", "")})
        return answer.status_code, answer.content

#!/usr/bin/python3
"""Stands for the kubelet where only its start matters: reads its configuration, keeps its arguments in /var/tmp, answers healthz."""
import http.server
import json
import os
import sys

VERSION = "@VERSION@"
WORDS = [word for given in sys.argv[1:] for word in (given.split("=", 1) if given.startswith("--") else [given])]


def value(flag):
    return WORDS[WORDS.index(flag) + 1]


if sys.argv[1:] == ["--version"]:
    print("Kubernetes v" + VERSION)
    sys.exit(0)
if "--crash" in sys.argv:
    sys.exit('E0101 run.go:74] "command failed" err="failed to parse kubelet flag: unknown flag: --crash"')
if "--bootstrap-kubeconfig" in WORDS:
    # The real one asks for a certificate with it; what matters here is who writes which file.
    with open(value("--bootstrap-kubeconfig"), encoding="utf-8") as file:
        server = next(line.strip() for line in file if line.strip().startswith("server: "))
    with open(value("--kubeconfig"), "w", encoding="utf-8") as file:
        file.write("clusters:\n- cluster:\n    " + server + "\n  name: default-cluster # made by the kubelet\n")
for flag in ("--config", "--kubeconfig"):
    with open(value(flag), encoding="utf-8") as file:
        text = file.read()
    if flag == "--config":
        json.loads(text)
if "--config-dir" in WORDS:
    for name in os.listdir(value("--config-dir")):
        with open(os.path.join(value("--config-dir"), name), encoding="utf-8") as file:
            json.loads(file.read())
with open("/var/tmp/kubelet-arguments.json", "w", encoding="utf-8") as file:
    json.dump(sys.argv[1:], file)


class Health(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_):
        pass


http.server.HTTPServer(("127.0.0.1", 10248), Health).serve_forever()
